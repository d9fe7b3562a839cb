"""A detector's second opinion on the names of boxes: crops, beside the dense head, and how much they say."""

import dataclasses

import numpy as np
import pytest
import torch

from darkroom_trainer import loop
from darkroom_trainer.tasks import crop_shares, prototypes
from darkroom_trainer.tasks.detector import Detector
from darkroom_trainer.tasks.detector_network import DetectorNetwork, find_network
from tests.unit.tasks.shelf_models import LABELS, build_data, draw_shelves

TASK = Detector(LABELS)
TRAIN_ROWS, HELD_OUT_ROWS = np.arange(8), np.arange(8, 14)
SIZE = len(LABELS)


@pytest.fixture(scope="module")
def data() -> loop.TrainingData:
    """Return fourteen shelves; the first eight are learned from."""
    return dataclasses.replace(build_data(TASK, *draw_shelves(14)), rows=TRAIN_ROWS)


@pytest.fixture
def network(data: loop.TrainingData) -> DetectorNetwork:
    """Return a detector that knows crops, and whose dense head has learned nothing."""
    torch.manual_seed(0)
    built = find_network(TASK.build_model("test_resnet")).eval()
    with torch.inference_mode():
        TASK.finish(built, data)
    return built


def look_at(data: loop.TrainingData, rows: np.ndarray) -> torch.Tensor:
    """Return normalized images."""
    return loop.normalize(loop.to_float(data.images[torch.from_numpy(rows)]), data)


def test_crops_have_no_say_before_boxes_were_seen(data: loop.TrainingData) -> None:
    torch.manual_seed(0)
    fresh = find_network(TASK.build_model("test_resnet")).eval()
    images = look_at(data, HELD_OUT_ROWS[:1])
    with torch.inference_mode():
        assert torch.equal(fresh(images), fresh.dense(images))


def test_crops_without_a_share_change_nothing(network: DetectorNetwork, data: loop.TrainingData) -> None:
    network.crop_share.fill_(0.0)
    images = look_at(data, HELD_OUT_ROWS[:1])
    with torch.inference_mode():
        assert torch.equal(network(images), network.dense(images))


def test_crops_name_what_the_dense_head_finds_and_move_no_box(
    network: DetectorNetwork, data: loop.TrainingData
) -> None:
    network.crop_share.fill_(1.0)
    images = look_at(data, HELD_OUT_ROWS)
    with torch.inference_mode():
        told, dense = network(images), network.dense(images)
    assert torch.equal(told[..., -4:], dense[..., -4:])
    assert told.shape == dense.shape
    assert len(told[..., :-4].amax(dim=1).argmax(dim=-1).unique()) > 1, "not the same tag everywhere"


def test_while_it_learns_the_dense_head_answers_alone(network: DetectorNetwork, data: loop.TrainingData) -> None:
    network.train()
    images = look_at(data, TRAIN_ROWS)
    assert network(images).shape[-1] == SIZE + 4
    assert network(images).requires_grad


def test_held_out_boxes_give_crops_the_word_where_the_dense_head_knows_nothing(
    network: DetectorNetwork, data: loop.TrainingData
) -> None:
    TASK.tune(network, data, HELD_OUT_ROWS)
    assert float(network.crop_share) == 1.0


def test_held_out_boxes_leave_the_word_to_a_dense_head_where_crops_are_misleading(
    network: DetectorNetwork, data: loop.TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, boxes = data.targets["label"], data.targets["box"]

    class Right(torch.nn.Module):
        """Knows every box of the held-out images."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            """Return cells that are sure of the right tag."""
            numbers = torch.zeros(len(images), 256, SIZE + 4)
            cells = crop_shares.find_cells(boxes[HELD_OUT_ROWS], 256)
            for at, row in enumerate(HELD_OUT_ROWS):
                kept = labels[row] >= 0
                numbers[at, cells[at][kept], labels[row][kept]] = 9.0
            return numbers

    monkeypatch.setattr(network, "dense", Right())
    network.prototypes.copy_(network.prototypes.roll(1, dims=0))
    TASK.tune(network, data, HELD_OUT_ROWS)
    assert float(network.crop_share) == 0.0


def test_nothing_held_out_leaves_the_share_as_it_was(network: DetectorNetwork, data: loop.TrainingData) -> None:
    TASK.tune(network, data, np.zeros(0, dtype=np.int64))
    assert float(network.crop_share) == 0.5


def test_as_many_rows_are_asked_as_hold_the_most_boxes() -> None:
    labels = torch.zeros((3_000, 2), dtype=torch.int64)
    assert len(crop_shares.limit_rows(labels, np.arange(3_000))) == crop_shares.MOST_BOXES // 2
    assert len(crop_shares.limit_rows(labels, np.arange(5))) == 5


@pytest.mark.parametrize(
    ("labels", "asked"),
    [
        pytest.param([0, 0, 0, 1, 1], [False, True, False, False, True], id="every second box of a label"),
        pytest.param([1, 0, 1, 0], [False, False, True, True], id="labels in any order"),
        pytest.param([0, 1, 2], [False, False, False], id="one box of each: none"),
    ],
)
def test_the_scale_is_asked_about_boxes_whose_label_another_box_shows(labels: list[int], asked: list[bool]) -> None:
    assert prototypes.choose_asked(torch.tensor(labels)).tolist() == asked
