"""A detector's second opinion on the names of boxes: crops, beside the dense head, and how much they say."""

import dataclasses

import numpy as np
import pytest
import torch

from darkroom_trainer.features import normalization
from darkroom_trainer.loop import training_loop
from darkroom_trainer.networks import dense_head, stages
from darkroom_trainer.networks.detector_network import DetectorNetwork, choose_cells, find_network
from darkroom_trainer.tasks import crop_weights
from darkroom_trainer.tasks.detector import Detector
from darkroom_trainer.tasks.prototypes import MOST_LOOKED_AT, choose_images
from tests.unit.trainer.shelf_models import LABELS, build_data, draw_shelves

TASK = Detector(LABELS)
TRAIN_ROWS, HELD_OUT_ROWS = np.arange(8), np.arange(8, 14)
SIZE = len(LABELS)
CELLS = 256


@pytest.fixture(scope="module")
def data() -> training_loop.TrainingData:
    """Return fourteen shelves; the first eight are learned from."""
    return dataclasses.replace(build_data(TASK, *draw_shelves(14)), rows=TRAIN_ROWS)


@pytest.fixture
def network(data: training_loop.TrainingData) -> DetectorNetwork:
    """Return a detector that knows crops, and whose dense head has learned nothing."""
    torch.manual_seed(0)
    built = find_network(TASK.build_model("test_resnet")).eval()
    with torch.inference_mode():
        TASK.finish(built, data)
    return built


def look_at(data: training_loop.TrainingData, rows: np.ndarray) -> torch.Tensor:
    """Return normalized images."""
    images = normalization.to_float(data.images[torch.from_numpy(rows)])
    return normalization.normalize_in_place(images, data.mean, data.std)


def test_crops_have_no_say_before_boxes_were_seen(data: training_loop.TrainingData) -> None:
    torch.manual_seed(0)
    fresh = find_network(TASK.build_model("test_resnet")).eval()
    images = look_at(data, HELD_OUT_ROWS[:1])
    with torch.inference_mode():
        assert torch.equal(fresh(images), fresh.dense(images))


def test_crops_without_a_share_change_nothing(network: DetectorNetwork, data: training_loop.TrainingData) -> None:
    network.crop_share.fill_(0.0)
    images = look_at(data, HELD_OUT_ROWS[:1])
    with torch.inference_mode():
        assert torch.equal(network(images), network.dense(images))


class Finds(torch.nn.Module):
    """Knows every box of the held-out images, and no name: all tags are as likely."""

    def __init__(self, data: training_loop.TrainingData) -> None:
        super().__init__()
        self.labels, self.boxes = data.targets["label"][HELD_OUT_ROWS], data.targets["box"][HELD_OUT_ROWS]
        self.cells = crop_weights.find_cells(self.boxes, CELLS)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return cells that are sure of their boxes."""
        numbers = torch.zeros(len(images), CELLS, SIZE + 4)
        numbers[..., :SIZE] = -8.0
        side = dense_head.side_of(CELLS)
        middles = dense_head.build_cells(CELLS, self.boxes.device)[self.cells]
        sizes = self.boxes[..., 2:] - self.boxes[..., :2]
        offsets = ((self.boxes[..., 2:] + self.boxes[..., :2]) / 2 - middles) * side
        for at in range(len(images)):
            kept = self.labels[at] >= 0
            numbers[at, self.cells[at][kept], :SIZE] = -1.0
            places = torch.cat([offsets[at][kept], (sizes[at][kept] * side).log()], dim=1)
            numbers[at, self.cells[at][kept], SIZE:] = places
        return numbers


def test_crops_name_what_the_dense_head_finds_and_move_no_box(
    network: DetectorNetwork, data: training_loop.TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    finds = Finds(data)
    monkeypatch.setattr(network, "dense", finds)
    images = look_at(data, HELD_OUT_ROWS)
    with torch.inference_mode():
        told, dense = network(images), finds(images)
    assert torch.equal(told[..., SIZE:], dense[..., SIZE:])
    named = told[..., :SIZE].argmax(dim=-1).gather(1, finds.cells)
    is_product = (finds.labels >= 0) & (finds.labels != LABELS.index("gap"))
    assert (named == finds.labels)[is_product].float().mean() > 0.9


def test_cells_fade_away_towards_the_last_one_that_is_looked_at() -> None:
    objectness = torch.rand((1, CELLS), generator=torch.Generator().manual_seed(3))
    at, seen = choose_cells(objectness)
    assert at.shape == (1, 32)
    assert seen[0, -1] < 0.3 * objectness[0, at[0, -1]]
    assert seen[0, 0] == objectness.max()


def test_while_it_learns_the_dense_head_answers_alone(
    network: DetectorNetwork, data: training_loop.TrainingData
) -> None:
    network.train()
    images = look_at(data, TRAIN_ROWS)
    assert network(images).shape[-1] == SIZE + 4
    assert network(images).requires_grad


def test_held_out_boxes_give_crops_the_word_where_the_dense_head_knows_nothing(
    network: DetectorNetwork, data: training_loop.TrainingData
) -> None:
    TASK.tune(network, data, HELD_OUT_ROWS)
    assert float(network.crop_share) == 1.0


def test_held_out_boxes_leave_the_word_to_a_dense_head_where_crops_are_misleading(
    network: DetectorNetwork, data: training_loop.TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, boxes = data.targets["label"], data.targets["box"]

    class Right(torch.nn.Module):
        """Knows every box of the held-out images."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            """Return cells that are sure of the right tag."""
            numbers = torch.zeros(len(images), CELLS, SIZE + 4)
            cells = crop_weights.find_cells(boxes[HELD_OUT_ROWS], CELLS)
            for at, row in enumerate(HELD_OUT_ROWS):
                kept = labels[row] >= 0
                numbers[at, cells[at][kept], labels[row][kept]] = 9.0
            return numbers

    monkeypatch.setattr(network, "dense", Right())
    network.prototypes.copy_(network.prototypes.roll(1, dims=0))
    TASK.tune(network, data, HELD_OUT_ROWS)
    assert float(network.crop_share) == 0.0


def test_nothing_held_out_leaves_the_share_as_it_was(
    network: DetectorNetwork, data: training_loop.TrainingData
) -> None:
    TASK.tune(network, data, np.zeros(0, dtype=np.int64))
    assert float(network.crop_share) == 0.5


@pytest.fixture
def frozen(data: training_loop.TrainingData) -> DetectorNetwork:
    """Return a detector of which the backbone was frozen, that knows crops by fixed features and by maps."""
    torch.manual_seed(0)
    built = find_network(TASK.build_model("test_resnet")).eval()
    stages.freeze(built, "test_resnet", 0)
    with torch.inference_mode():
        TASK.finish(built, data)
    return built


def test_maps_of_a_backbone_that_learns_describe_nothing(network: DetectorNetwork) -> None:
    assert not network.maps.is_known.any()
    assert not network.asks_maps


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_names_by_maps_and_by_fixed_features_are_mixed_by_their_share(
    frozen: DetectorNetwork, data: training_loop.TrainingData, share: float
) -> None:
    images = look_at(data, HELD_OUT_ROWS[:2])
    boxes = data.targets["box"][HELD_OUT_ROWS[:2]]
    with torch.inference_mode():
        levels = frozen.dense.backbone(images)
        parts = []
        for at in (0.0, 1.0, share):
            frozen.map_share.fill_(at)
            parts.append(frozen.name_crops(images, levels, boxes))
    torch.testing.assert_close(parts[2], torch.lerp(parts[0], parts[1], share))
    assert not torch.allclose(parts[0], parts[1])


class SaysNothing(torch.nn.Module):
    """Describes everything alike: a backbone's maps, or the crops of boxes."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self._shape = shape

    def forward(self, images: torch.Tensor, boxes: torch.Tensor | None = None) -> list[torch.Tensor] | torch.Tensor:
        """Return one level of maps (B, ...), or features (B, K, ...)."""
        if boxes is None:
            return [torch.zeros(len(images), *self._shape)]
        return torch.zeros(len(images), boxes.shape[1], *self._shape)


@pytest.mark.parametrize(("silent", "share"), [("maps", 0.0), ("crops", 1.0)])
def test_boxes_that_are_learned_from_give_the_word_to_the_features_that_tell_tags_apart(
    frozen: DetectorNetwork,
    data: training_loop.TrainingData,
    monkeypatch: pytest.MonkeyPatch,
    silent: str,
    share: float,
) -> None:
    if silent == "maps":
        monkeypatch.setattr(frozen.dense, "backbone", SaysNothing(frozen.dense.map_channels, 4, 4))
        stages.freeze(frozen, "test_resnet", 0)
    else:
        monkeypatch.setattr(frozen, "features", SaysNothing(len(frozen.centre)))
    with torch.inference_mode():
        TASK.finish(frozen, data)
    assert float(frozen.map_share) == share


def test_one_box_of_each_tag_leaves_the_features_their_shares(
    frozen: DetectorNetwork, data: training_loop.TrainingData
) -> None:
    labels = data.targets["label"][:1]
    is_first = torch.stack([labels[0, :at].ne(label).all() for at, label in enumerate(labels[0])])
    singles = {**data.targets, "label": torch.where(is_first, labels, -1)}
    frozen.map_share.fill_(0.5)
    with torch.inference_mode():
        TASK.finish(frozen, dataclasses.replace(data, rows=np.arange(1), targets=singles))
    assert float(frozen.map_share) == 0.5


def test_held_out_boxes_change_no_share_of_maps(frozen: DetectorNetwork, data: training_loop.TrainingData) -> None:
    frozen.map_share.fill_(0.25)
    frozen.maps.scale.fill_(0.0)
    TASK.tune(frozen, data, HELD_OUT_ROWS)
    assert float(frozen.map_share) == 0.25


@pytest.mark.parametrize(("images", "looked_at"), [(5, 5), (300, MOST_LOOKED_AT)])
def test_no_more_images_are_looked_at_for_their_maps_than_are_paid_for(images: int, looked_at: int) -> None:
    rows = torch.arange(images).repeat_interleave(2)
    chosen = choose_images(rows)
    assert len(torch.unique(rows[chosen])) == looked_at
    assert int(chosen.sum()) == 2 * looked_at


def test_a_model_of_a_version_without_maps_is_read(frozen: DetectorNetwork, data: training_loop.TrainingData) -> None:
    older = {name: value for name, value in frozen.state_dict().items() if not name.startswith("map")}
    fresh = find_network(TASK.build_model("test_resnet")).eval()
    fresh.load_state_dict(older)
    frozen.map_share.fill_(0.0)
    images = look_at(data, HELD_OUT_ROWS[:1])
    with torch.inference_mode():
        assert torch.equal(fresh(images), frozen(images))
