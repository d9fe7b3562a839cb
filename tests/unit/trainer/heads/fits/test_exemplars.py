"""Heads that compare with neighbours."""

import torch

from darkroom_trainer.heads.fits import exemplars


def test_neighbours_that_are_sure_of_several_labels_are_as_exact_as_float32_is() -> None:
    torch.manual_seed(0)
    points, one_hot = torch.rand(420, 8), torch.tensor([[1.0, 0.0, 1.0]]).repeat(420, 1)
    head = exemplars.Neighbours(points, one_hot, torch.tensor(3.0), is_multilabel=True)
    double = exemplars.Neighbours(points.double(), one_hot.double(), torch.tensor(3.0).double(), is_multilabel=True)
    features = torch.rand(50, 8)
    found = head.apply(features)
    assert found.abs().max() > 8, "some label is nowhere or everywhere"
    torch.testing.assert_close(found.double(), double.apply(features.double()), atol=1e-5, rtol=1e-5)
