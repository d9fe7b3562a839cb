"""Every family of heads at all its settings."""

import numpy as np
import pytest
import torch

from darkroom_trainer.heads.fits import families, linear


def build_batches(rows: int, width: int, num_labels: int, part: int = 50) -> tuple[linear.Batches, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.arange(rows) % num_labels
    features = random.normal(size=(rows, width)) + 0.8 * random.normal(size=(num_labels, width))[labels]
    values = torch.from_numpy(features.astype(np.float32))
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(labels), num_labels).float()
    return linear.Batches(
        rows, width, lambda: zip(torch.split(values, part), torch.split(one_hot, part), strict=True)
    ), labels


@pytest.mark.parametrize("is_multilabel", [False, True])
@pytest.mark.parametrize("family", list(families.Family))
def test_every_family_answers_finitely_at_all_its_settings(family: families.Family, is_multilabel: bool) -> None:
    if is_multilabel and family is families.Family.DISCRIMINANT:
        pytest.skip("takes one label a row")
    batches, labels = build_batches(60, 12, 3)
    features, _ = batches.join()
    for head in families.fit_family(family, batches, families.GRIDS[family], is_multilabel=is_multilabel):
        answers = head.apply(features)
        assert torch.isfinite(answers).all()
        assert float((answers.argmax(dim=1).numpy() == labels).mean()) > 0.5


@pytest.mark.parametrize(
    "counts",
    [(1,), (1, 1, 1), (2, 2), (300, 2), (2,) * 200, (1, 0, 2)],
    ids=["one row", "one of each", "two of each", "many and two", "two of many labels", "a label without rows"],
)
@pytest.mark.parametrize("family", list(families.Family))
def test_every_family_bears_few_rows_and_uneven_labels(family: families.Family, counts: tuple[int, ...]) -> None:
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    one_hot = torch.nn.functional.one_hot(labels, len(counts)).float()
    features = torch.randn(len(labels), 30, generator=torch.Generator().manual_seed(0)) / 30**0.5
    batches = linear.Batches(len(labels), 30, lambda: iter([(features, one_hot)]))
    for head in families.fit_family(family, batches, families.GRIDS[family], is_multilabel=False):
        assert torch.isfinite(head.apply(features)).all()
