"""A task's own augmentation as views of images."""

import torch

from darkroom_trainer.heads.views import build_views
from darkroom_trainer.tasks.classifier import Classifier

IMAGES = torch.rand((3, 3, 16, 16), generator=torch.Generator().manual_seed(0))


def test_a_view_depends_on_the_seed_and_its_number_and_on_nothing_else() -> None:
    task = Classifier(("a", "b"))
    vary, again, other = build_views(task, 5), build_views(task, 5), build_views(task, 6)
    first = vary(IMAGES.clone(), 1)
    assert first.shape == IMAGES.shape
    assert torch.equal(first, again(IMAGES.clone(), 1))
    assert not torch.equal(first, vary(IMAGES.clone(), 2))
    assert not torch.equal(first, other(IMAGES.clone(), 1))
    assert not torch.equal(first, IMAGES)
