"""How a detector's numbers become boxes, which cells learn which box, and how boxes move with their pictures."""

import numpy as np
import pytest
import torch
from torchvision.ops import generalized_box_iou_loss

from darkroom_trainer.networks import dense_head
from darkroom_trainer.tasks.base import Batch
from darkroom_trainer.tasks.detector import Detector, assign_cells, measure_outlines
from tests.support.learning import LABELS, an_example

SIDE = 8
NO_LOGIT = -10.0


def quiet_outputs() -> torch.Tensor:
    """Return outputs (1, 64, 3 + 4) of a picture of 64 px in which nothing is found."""
    outputs = torch.zeros(1, SIDE * SIDE, len(LABELS) + 4)
    outputs[..., : len(LABELS)] = NO_LOGIT
    return outputs


def put_box(outputs: torch.Tensor, cell: tuple[int, int], label: int, logit: float, size: tuple[float, float]) -> None:
    """Let the cell at (column, row) find a box of `size` strides around its middle."""
    row = outputs[0, cell[1] * SIDE + cell[0]]
    row[label] = logit
    row[len(LABELS) :] = torch.tensor([0.0, 0.0, *np.log(size)])


def test_nothing_found_is_an_empty_prediction() -> None:
    found = Detector(LABELS).decode(quiet_outputs())[0]
    assert (found.labels.shape, found.scores.shape, found.boxes.shape) == ((0,), (0,), (0, 4))


def test_a_cell_becomes_a_relative_box_with_its_tag() -> None:
    outputs = quiet_outputs()
    put_box(outputs, (2, 5), label=1, logit=2.0, size=(2.0, 3.0))
    found = Detector(LABELS).decode(outputs)[0]
    assert found.labels.tolist() == [1]
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-5)
    assert found.boxes[0] == pytest.approx([(2.5 - 1) / 8, (5.5 - 1.5) / 8, 2 / 8, 3 / 8], abs=1e-5)


def test_boxes_end_at_the_border() -> None:
    outputs = quiet_outputs()
    put_box(outputs, (0, 0), label=0, logit=2.0, size=(4.0, 4.0))
    assert Detector(LABELS).decode(outputs)[0].boxes[0] == pytest.approx([0, 0, 2.5 / 8, 2.5 / 8], abs=1e-5)


@pytest.mark.parametrize(
    ("second_label", "kept"),
    [pytest.param(0, 1, id="the same tag is suppressed"), pytest.param(1, 2, id="another tag stays")],
)
def test_boxes_over_each_other(second_label: int, kept: int) -> None:
    outputs = quiet_outputs()
    put_box(outputs, (3, 3), label=0, logit=3.0, size=(4.0, 4.0))
    put_box(outputs, (4, 3), label=second_label, logit=2.0, size=(4.0, 4.0))
    found = Detector(LABELS).decode(outputs)[0]
    assert len(found.labels) == kept
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


@pytest.mark.parametrize(
    ("box", "cells"),
    [
        pytest.param(
            (0.25, 0.25, 0.75, 0.75), 9, id="the nine cells round the middle of a large box, as it lies on a corner"
        ),
        pytest.param((0.30, 0.30, 0.32, 0.32), 1, id="a box smaller than a cell still has its cell"),
    ],
)
def test_cells_near_the_middle_answer_for_a_box(box: tuple[float, ...], cells: int) -> None:
    targets = {"label": torch.tensor([[2]]), "box": torch.tensor([[box]])}
    _, is_owned = assign_cells(dense_head.build_cells(SIDE * SIDE, torch.device("cpu")), targets)
    assert int(is_owned.sum()) == pytest.approx(cells, abs=0 if cells == 1 else 7)
    assert int(is_owned.sum()) >= 1


def test_the_smaller_of_two_boxes_wins_a_cell() -> None:
    boxes = torch.tensor([[[0.0, 0.0, 1.0, 1.0], [0.4, 0.4, 0.6, 0.6]]])
    targets = {"label": torch.tensor([[0, 1]]), "box": boxes}
    owners, is_owned = assign_cells(dense_head.build_cells(SIDE * SIDE, torch.device("cpu")), targets)
    middle = 4 * SIDE + 4
    assert is_owned[0, middle]
    assert owners[0, middle] == 1


def test_padding_owns_no_cell() -> None:
    targets = {"label": torch.tensor([[-1]]), "box": torch.tensor([[[0.2, 0.2, 0.8, 0.8]]])}
    assert not assign_cells(dense_head.build_cells(SIDE * SIDE, torch.device("cpu")), targets)[1].any()


@pytest.mark.parametrize(
    ("true_box", "found", "distance"),
    [
        pytest.param((0.2, 0.2, 0.6, 0.6), (0.2, 0.2, 0.6, 0.6), 0.0, id="none where it is right"),
        pytest.param((0.2, 0.2, 0.6, 0.6), (0.2, 0.2, 0.64, 0.6), 0.1 / 4, id="a side that is wrong by a tenth"),
        pytest.param((0.2, 0.2, 0.4, 0.6), (0.2, 0.2, 0.42, 0.6), 0.1 / 4, id="a tenth of a narrower box is as far"),
        pytest.param((0.2, 0.2, 0.6, 0.6), (0.24, 0.24, 0.64, 0.64), 0.1, id="all four of them"),
        pytest.param((0.5, 0.2, 0.5, 0.6), (0.5, 0.2, 0.625, 0.6), 1 / 4, id="a box without width counts as a cell"),
    ],
)
def test_the_sides_of_a_box_are_learned_by_their_distances(
    true_box: tuple[float, ...], found: tuple[float, ...], distance: float
) -> None:
    boxes, true_boxes = (torch.tensor(box).expand(1, SIDE * SIDE, 4) for box in (found, true_box))
    overlap = generalized_box_iou_loss(boxes, true_boxes)
    losses = measure_outlines(boxes, true_boxes)
    assert losses.shape == (1, SIDE * SIDE)
    assert (losses - overlap).tolist()[0] == pytest.approx([distance] * SIDE * SIDE, abs=1e-5)


def test_loss_is_lower_for_the_right_answer() -> None:
    task = Detector(LABELS)
    targets = task.build_targets([an_example(1, boxed=True, box=(0.3, 0.3, 0.3, 0.3))], np.arange(1))
    right, wrong = quiet_outputs(), quiet_outputs()
    for outputs, label in ((right, 1), (wrong, 2)):
        for column in (2, 3, 4):
            for row in (2, 3, 4):
                put_box(outputs, (column, row), label, 4.0, (2.4, 2.4))
    assert task.compute_loss(right, targets) < task.compute_loss(wrong, targets)
    assert torch.isfinite(
        task.compute_loss(quiet_outputs(), {"label": -torch.ones(1, 1).long(), "box": torch.zeros(1, 1, 4)})
    )


@pytest.mark.parametrize("seed", range(6))
def test_boxes_move_with_their_picture(seed: int) -> None:
    """A white rectangle on black: after the variation its outline is where the box says, within a pixel or so."""
    size, box = 64, (0.35, 0.4, 0.3, 0.2)
    picture = torch.zeros(1, 3, size, size)
    picture[..., round(0.4 * size) : round(0.6 * size), round(0.35 * size) : round(0.65 * size)] = 1.0
    task = Detector(LABELS)
    draws = torch.rand(1, task.augmentation_draws, generator=torch.Generator().manual_seed(seed))
    draws[:, 4:] = 0.5
    moved = task.augment(Batch(picture, task.build_targets([an_example(0, boxed=True, box=box)], np.arange(1))), draws)
    rows, columns = np.nonzero(moved.images[0, 0].numpy() > 0.5)
    shown = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert (moved.targets["box"][0, 0] * size).tolist() == pytest.approx(shown, abs=1.5)


def test_a_box_that_leaves_the_picture_is_dropped() -> None:
    task = Detector(LABELS)
    targets = task.build_targets([an_example(0, boxed=True, box=(0.0, 0.4, 0.05, 0.1))], np.arange(1))
    draws = torch.full((1, task.augmentation_draws), 0.5)
    draws[:, 2] = 0.999
    assert task.augment(Batch(torch.zeros(1, 3, 64, 64), targets), draws).targets["label"].tolist() == [[-1]]
