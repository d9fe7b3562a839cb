"""Heads that compare with neighbours."""

import numpy as np
import pytest
import torch
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge

from darkroom_trainer.heads.fits import exemplars, linear


def test_neighbours_that_are_sure_of_several_labels_are_as_exact_as_float32_is() -> None:
    torch.manual_seed(0)
    points, one_hot = torch.rand(420, 8), torch.tensor([[1.0, 0.0, 1.0]]).repeat(420, 1)
    head = exemplars.Neighbours(points, one_hot, torch.tensor(3.0), is_multilabel=True)
    double = exemplars.Neighbours(points.double(), one_hot.double(), torch.tensor(3.0).double(), is_multilabel=True)
    features = torch.rand(50, 8)
    found = head.apply(features)
    assert found.abs().max() > 8, "some label is nowhere or everywhere"
    torch.testing.assert_close(found.double(), double.apply(features.double()), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("num_points", [40, 15], ids=["every row is a point", "rows are more"])
@pytest.mark.parametrize("penalty", [1e-2, 1e-4])
def test_a_kernel_head_is_the_ridge_regression_of_scikit_learn_on_its_nystroem_features(
    num_points: int, penalty: float
) -> None:
    torch.manual_seed(0)
    features, asked = torch.randn(40, 6), torch.randn(9, 6)
    one_hot = torch.nn.functional.one_hot(torch.arange(40) % 3, 3).float()
    points = exemplars.choose_points(features, num_points)
    parts = [slice(0, 25), slice(25, 40)]
    batches = linear.Batches(40, 6, lambda: ((features[part], one_hot[part]) for part in parts))
    (head,) = exemplars.fit_kernel(batches, points, 0.1, [penalty])
    bumps = Nystroem(kernel="rbf", gamma=0.1, n_components=num_points).fit(points.double().numpy())
    ridge = Ridge(alpha=penalty * 40).fit(bumps.transform(features.double().numpy()), one_hot.numpy())
    expected = ridge.predict(bumps.transform(asked.double().numpy()))
    np.testing.assert_allclose(head.apply(asked).numpy(), expected, atol=1e-2)
    assert len(head.points) == num_points


def test_a_kernel_head_bears_rows_that_are_the_same() -> None:
    features, one_hot = torch.ones(6, 4), torch.eye(2).repeat(3, 1)
    batches = linear.Batches(6, 4, lambda: iter([(features, one_hot)]))
    for head in exemplars.fit_kernel(batches, features, 1.0, [1e-5, 1e-2]):
        torch.testing.assert_close(head.apply(features), torch.full((6, 2), 0.5), atol=1e-3, rtol=0)
