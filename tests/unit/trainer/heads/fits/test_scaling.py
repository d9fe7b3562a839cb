"""What scaling makes of blocks, and that it folds into the weights exactly."""

import numpy as np
import pytest
import torch

from darkroom_trainer.heads.fits import linear, model, scaling, temperature


def build_batches(rows: int, width: int, num_labels: int, part: int = 50) -> tuple[linear.Batches, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.arange(rows) % num_labels
    features = random.normal(size=(rows, width)) + 0.8 * random.normal(size=(num_labels, width))[labels]
    values = torch.from_numpy(features.astype(np.float32))
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(labels), num_labels).float()
    return linear.Batches(
        rows, width, lambda: zip(torch.split(values, part), torch.split(one_hot, part), strict=True)
    ), labels


def test_folding_the_scale_into_the_weights_changes_nothing() -> None:
    batches, _ = build_batches(80, 20, 3)
    features, _ = batches.join()
    features = features * torch.logspace(-1, 1, 20) + 3
    scale = scaling.fit_scale(features, [5, 15])
    head = linear.Linear(torch.randn(20, 3), torch.randn(3))
    fitted = temperature.Calibration(1.7, 0.3)
    expected = fitted.apply(head.apply(scale.apply(features)))
    torch.testing.assert_close(model.fold(head, scale, fitted).apply(features), expected, atol=1e-4, rtol=1e-4)


def test_all_blocks_count_the_same_after_scaling() -> None:
    features = torch.cat([torch.randn(500, 4) * 100, torch.randn(500, 40) * 0.01], dim=1)
    scaled = scaling.fit_scale(features, [4, 40]).apply(features)
    first, second = torch.split(scaled.var(dim=0), [4, 40])
    assert float(first.sum()) == pytest.approx(0.5, rel=0.05)
    assert float(second.sum()) == pytest.approx(0.5, rel=0.05)
