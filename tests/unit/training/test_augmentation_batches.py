"""What the variations do to pictures, tags and boxes."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from darkroom_trainer.augmentation import transforms
from darkroom_trainer.augmentation.policies import read_policy
from darkroom_trainer.tasks import mixing
from darkroom_trainer.tasks.base import Batch, LearningTask
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.tasks.detector import Detector
from tests.unit.training.learning import LABELS, a_task, an_example

SIZE = 64
STILL = 0.5
"""A draw that varies nothing."""


def still_draws(count: int = 1) -> torch.Tensor:
    draws = torch.full((count, transforms.DRAWS), STILL)
    draws[:, transforms.MIX_AT.start] = 0.99
    draws[:, transforms.ERASE_AT.start] = 0.99
    draws[:, transforms.FLIP_AT] = 0.99
    return draws


def a_picture_of(box: tuple[float, float, float, float]) -> torch.Tensor:
    """Return black with white where the relative box (left, top, width, height) is."""
    picture = torch.zeros(1, 3, SIZE, SIZE)
    left, top = round(box[0] * SIZE), round(box[1] * SIZE)
    picture[..., top : top + round(box[3] * SIZE), left : left + round(box[2] * SIZE)] = 1.0
    return picture


def boxed(*boxes: tuple[float, float, float, float]) -> Batch:
    """Return one picture for each box, with its tag's number its place."""
    examples = [an_example(at % 3, boxed=True, box=box) for at, box in enumerate(boxes)]
    pictures = torch.cat([a_picture_of(box) for box in boxes])
    return Batch(pictures, Detector(LABELS).build_targets(examples, np.arange(len(boxes))))


def outline(picture: torch.Tensor) -> list[float]:
    """Return left, top, right, bottom of what is white, in pixels."""
    rows, columns = np.nonzero(picture[0].numpy() > 0.5)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_the_grid_is_the_one_that_torch_computes() -> None:
    matrices = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(1))
    expected = functional.affine_grid(matrices, [4, 3, SIZE, SIZE], align_corners=False)
    assert torch.allclose(transforms.build_grid(matrices, SIZE), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["light", "standard", "strong+flip+mix+mosaic"])
@pytest.mark.parametrize("kind", ["classifier", "detector"])
def test_draws_in_the_middle_change_nothing(kind: str, name: str) -> None:
    task, policy = a_task(kind), read_policy(name)
    batch = boxed((0.3, 0.2, 0.4, 0.3))
    count = task.count_others(policy)
    others = Batch(
        torch.rand(count, 3, SIZE, SIZE), {name: v.repeat_interleave(count, 0) for name, v in batch.targets.items()}
    )
    varied = task.augment(batch, still_draws(), policy, others if count else None)
    assert torch.allclose(varied.images, batch.images, atol=1e-4)
    places = batch.targets["label"].shape[1]
    assert torch.equal(varied.targets["label"][:, :places], batch.targets["label"])
    assert (varied.targets["label"][:, places:] == -1).all()


@pytest.mark.parametrize("kind", ["classifier", "detector"])
def test_a_mirror_turns_left_into_right_for_half_of_the_images(kind: str) -> None:
    task = a_task(kind)
    batch = boxed((0.125, 0.25, 0.25, 0.25), (0.125, 0.25, 0.25, 0.25))
    draws = still_draws(2)
    draws[0, transforms.FLIP_AT] = 0.4
    varied = task.augment(batch, draws, read_policy("standard+flip"))
    assert torch.allclose(varied.images[0], batch.images[0].flip(-1), atol=1e-4)
    assert torch.allclose(varied.images[1], batch.images[1], atol=1e-4)
    if kind == "detector":
        assert varied.targets["box"][:, 0].tolist() == [
            pytest.approx([0.625, 0.25, 0.875, 0.5], abs=1e-5),
            pytest.approx([0.125, 0.25, 0.375, 0.5], abs=1e-5),
        ]


@pytest.mark.parametrize("seed", range(6))
def test_boxes_move_with_a_picture_that_is_varied_in_every_way(seed: int) -> None:
    batch = boxed((0.35, 0.4, 0.3, 0.2))
    draws = torch.rand(1, transforms.DRAWS, generator=torch.Generator().manual_seed(seed))
    draws[:, transforms.LIGHT_AT] = draws[:, transforms.TINT_AT] = STILL
    moved = Detector(LABELS).augment(batch, draws, read_policy("strong+flip"))
    assert (moved.targets["box"][0, 0] * SIZE).tolist() == pytest.approx(outline(moved.images[0]), abs=1.5)


def test_variations_stay_within_black_and_white() -> None:
    draws = torch.rand(32, transforms.DRAWS, generator=torch.Generator().manual_seed(0))
    images = torch.rand(32, 3, SIZE, SIZE)
    varied = Classifier(LABELS).augment(Batch(images, {"label": torch.zeros(32).long()}), draws, read_policy("strong"))
    assert float(varied.images.min()) >= 0
    assert float(varied.images.max()) <= 1
    assert varied.images.shape == images.shape


def test_a_share_of_the_images_loses_a_rectangle() -> None:
    draws = torch.rand(400, 5, generator=torch.Generator().manual_seed(0))
    draws[:, 4] = STILL
    lost = (transforms.erase(torch.zeros(400, 3, 16, 16), draws, 0.25) == STILL).float().mean(dim=(1, 2, 3))
    assert float((lost > 0).float().mean()) == pytest.approx(0.25, abs=0.06)
    assert float(lost.max()) <= transforms.ERASED_AREAS[1] + 0.1


def mix_black_with_white(draws: list[float]) -> tuple[Batch, float]:
    black = Batch(torch.zeros(1, 3, SIZE, SIZE), {"label": torch.tensor([0])})
    white = Batch(torch.ones(1, 3, SIZE, SIZE), {"label": torch.tensor([1])})
    mixed = mixing.mix(black, white, torch.tensor([draws]))
    return mixed, float(mixed.images.mean())


@pytest.mark.parametrize(
    ("draws", "white"),
    [
        pytest.param([0.9, 0.2, 0.9, 0.5, 0.5], 0.0, id="not mixed"),
        pytest.param([0.1, 0.2, 0.9, 0.5, 0.5], 0.4, id="blended"),
        pytest.param([0.1, 0.5, 0.1, 0.5, 0.5], 0.25, id="a square from the middle"),
        pytest.param([0.1, 0.5, 0.1, 0.0, 0.5], 0.125, id="a square that is cut at the rim"),
    ],
)
def test_tags_count_by_the_pixels_that_they_have(draws: list[float], white: float) -> None:
    mixed, found = mix_black_with_white(draws)
    assert found == pytest.approx(white, abs=0.02)
    assert float(mixed.targets["share"]) == pytest.approx(1 - found, abs=1e-5)


def test_the_loss_of_a_mixed_image_lies_between_those_of_its_two() -> None:
    task, outputs = Classifier(LABELS), torch.tensor([[4.0, 0.0, -2.0]])
    own, other = (float(task.compute_loss(outputs, {"label": torch.tensor([at])})) for at in (0, 1))
    targets = {"label": torch.tensor([0]), "other_label": torch.tensor([1]), "share": torch.tensor([0.75])}
    assert float(task.compute_loss(outputs, targets)) == pytest.approx(0.75 * own + 0.25 * other, rel=1e-5)


def test_a_mosaic_shows_each_box_where_it_says() -> None:
    """Four pictures with a square in each quarter: of each only the one in its own part is left."""
    quarters = [(0.0625, 0.0625), (0.6875, 0.0625), (0.0625, 0.6875), (0.6875, 0.6875)]
    four = boxed(*((left, top, 0.25, 0.25) for left, top in quarters))
    batch = Batch(four.images[:1], {name: values[:1] for name, values in four.targets.items()})
    others = Batch(four.images[1:], {name: values[1:] for name, values in four.targets.items()})
    mosaic = mixing.compose_mosaic(batch, others, torch.tensor([[0.0, 0.5, 0.5, 0.5, 0.5]]))
    assert torch.equal(mosaic.images[0], four.images.amax(dim=0))
    is_box = mosaic.targets["label"][0] >= 0
    assert mosaic.targets["label"][0][is_box].tolist() == [0, 1, 2, 0]
    assert mosaic.targets["box"][0][is_box].tolist() == four.targets["box"][:, 0].tolist()


def test_a_mosaic_cuts_boxes_at_the_seams_and_drops_those_that_are_hardly_seen() -> None:
    batch, others = boxed((0.25, 0.125, 0.5, 0.25)), boxed(*[(0.25, 0.125, 0.375, 0.25)] * 3)
    mosaic = mixing.compose_mosaic(batch, others, torch.tensor([[0.0, 0.5, 0.5, 0.5, 0.5]]))
    is_box = mosaic.targets["label"][0] >= 0
    assert mosaic.targets["box"][0][is_box].tolist() == [[0.25, 0.125, 0.5, 0.375]]


@pytest.mark.parametrize(
    ("kind", "name", "count"), [("classifier", "standard+mix", 1), ("detector", "light+mosaic", 3)]
)
def test_further_images_are_taken_only_where_the_policy_and_the_task_want_them(
    kind: str, name: str, count: int
) -> None:
    task: LearningTask = a_task(kind)
    assert task.count_others(read_policy(name)) == count
    assert task.count_others(read_policy("strong+flip")) == 0


def test_further_images_are_rows_of_the_training_data() -> None:
    rows = np.array([4, 7, 9])
    draws = torch.rand(500, 3, generator=torch.Generator().manual_seed(0))
    chosen = mixing.choose_others(draws, rows)
    assert sorted(set(chosen.tolist())) == rows.tolist()
    assert chosen[:3].tolist() == [rows[int(draw * 3)] for draw in draws[0]]
