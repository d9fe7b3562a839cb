"""Linear heads: they agree with what they claim to solve."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge

from darkroom_trainer.heads.fits import linear


def build_batches(rows: int, width: int, num_labels: int, part: int = 50) -> tuple[linear.Batches, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.arange(rows) % num_labels
    features = random.normal(size=(rows, width)) + 0.8 * random.normal(size=(num_labels, width))[labels]
    values = torch.from_numpy(features.astype(np.float32))
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(labels), num_labels).float()
    return linear.Batches(
        rows, width, lambda: zip(torch.split(values, part), torch.split(one_hot, part), strict=True)
    ), labels


@pytest.mark.parametrize(("rows", "width"), [(120, 10), (30, 60)], ids=["more rows", "more features"])
def test_ridge_is_the_ridge_of_scikit_learn(rows: int, width: int) -> None:
    batches, _ = build_batches(rows, width, 3)
    features, one_hot = batches.join()
    (fit,) = linear.fit_ridge(batches, [0.1])
    reference = Ridge(alpha=0.1 * rows).fit(features.double().numpy(), one_hot.numpy())
    np.testing.assert_allclose(fit.apply(features).numpy(), reference.predict(features.numpy()), atol=1e-3)


def test_discriminant_analysis_is_that_of_scikit_learn_where_nothing_is_shrunk() -> None:
    batches, labels = build_batches(300, 6, 3)
    features, _ = batches.join()
    (fit,) = linear.fit_discriminant(batches, [1e-6])
    reference = LinearDiscriminantAnalysis(solver="lsqr").fit(features.double().numpy(), labels)
    found, expected = fit.apply(features).numpy(), reference.decision_function(features.double().numpy())
    found, expected = (values - values.mean(axis=1, keepdims=True) for values in (found, expected))
    np.testing.assert_allclose(found / found.std(), expected / expected.std(), atol=0.02)


@pytest.mark.parametrize(("rows", "width"), [(120, 10), (30, 60)], ids=["more rows", "more features"])
def test_discriminant_analysis_is_the_same_by_rows_and_by_features(rows: int, width: int) -> None:
    batches, _ = build_batches(rows, width, 3)
    features, one_hot = batches.join()
    middles = torch.stack([features[one_hot[:, label] > 0].mean(dim=0) for label in range(3)])
    rest = (features - one_hot @ middles).double()
    inverse = torch.linalg.inv(rest.t() @ rest / rows + 0.3 * torch.eye(width, dtype=torch.float64)).float()
    weight = inverse @ (middles - features.mean(dim=0)).t()
    found = linear.fit_discriminant(batches, [0.3])[0].weight
    torch.testing.assert_close(found / found.norm(), weight / weight.norm(), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("penalty", [0.1, 0.01])
def test_logistic_regression_is_that_of_scikit_learn(penalty: float) -> None:
    batches, labels = build_batches(200, 8, 3)
    features, _ = batches.join()
    fits = linear.fit_logistic(batches, [penalty, 1.0], is_multilabel=False)
    reference = LogisticRegression(C=1 / (penalty * 200), max_iter=1000).fit(features.numpy(), labels)
    found = fits[0].apply(features).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, reference.predict_proba(features.numpy()), atol=5e-3)
