"""The product recognizer: boxes without products, products by looks, and what each knows of the other."""

import numpy as np
import pytest
import torch

from darkroom_predict.decoding.products import decode_products, find_boxes
from darkroom_predict.gaps import find_gap, is_gap
from darkroom_predict.predictions import Prediction, build_truth
from darkroom_trainer.features import crops
from darkroom_trainer.metrics.box_scores import recognition
from darkroom_trainer.networks.recognizer_network import choose_cells
from darkroom_trainer.tasks import prototypes
from darkroom_trainer.tasks.recognizer import ProductRecognizer
from tests.unit.tasks.shelf_models import LABELS, Shelves, build_data, build_network, draw_shelves, name_true_boxes
from tests.unit.tasks.tagged import a_boxed_example

TASK = ProductRecognizer(LABELS)
GAP = find_gap(LABELS)


@pytest.mark.parametrize(
    ("label", "expected"),
    [("gap", True), ("Gap", True), (" GAP ", True), ("gap filler", False), ("gaps", False), ("tea", False)],
)
def test_the_gap_is_known_by_its_name(label: str, *, expected: bool) -> None:
    assert is_gap(label) is expected


def test_while_it_learns_products_are_one_tag_and_gaps_another() -> None:
    task = ProductRecognizer(("tea", "gap", "milk"))
    outputs = torch.zeros(1, 16, 6)
    swapped = [task.build_targets([a_boxed_example(*labels)], np.arange(1)) for labels in ((0, 1), (2, 1), (1, 0))]
    same, other, turned = (
        float(task.compute_loss(outputs + torch.tensor([1.0, -1, 0, 0, 0, 0]), targets)) for targets in swapped
    )
    assert same == other
    sided = outputs.clone()
    sided[:, :, 0] = torch.tensor([4.0, 4, -4, -4]).repeat(4)
    sided[:, :, 1] = -sided[:, :, 0]
    assert float(task.compute_loss(sided, swapped[0])) < float(task.compute_loss(sided, swapped[2]))
    assert turned == pytest.approx(same, rel=0.5)


def test_crops_are_what_is_in_the_box_at_any_size() -> None:
    image = torch.zeros(1, 3, 40, 60)
    image[:, :, 10:20, 30:60] = 1.0
    boxes = torch.tensor([[[0.5, 0.25, 1.0, 0.5], [0.0, 0.5, 0.5, 1.0], [0.0, 0.25, 1.0, 0.5]]])
    inside, outside, half = crops.take_crops(image, boxes)[:, 0]
    assert inside[2:-2, 2:-2].min() == 1.0
    assert outside[2:].max() == 0.0
    assert half[2:-2].mean() == pytest.approx(0.5, abs=0.02)
    assert half[2:-2, -8:].min() == 1.0


@pytest.fixture(scope="module")
def many() -> Shelves:
    return draw_shelves(24, seed=1)


@pytest.mark.parametrize(
    ("images", "least"), [pytest.param(3, 0.9, id="a box or two"), pytest.param(16, 0.97, id="a dozen")]
)
def test_products_on_other_shelves_are_named_without_a_step_of_training(
    images: int, least: float, many: Shelves
) -> None:
    network = build_network(TASK)
    pixels, examples = draw_shelves(images, seed=2)
    TASK.finish(network, build_data(TASK, pixels, examples))
    named, answers = name_true_boxes(network, build_data(TASK, *many))
    is_known = network.is_known[answers] > 0
    assert is_known.sum() > 60
    assert float((named == answers)[is_known].float().mean()) >= least


def test_finishing_twice_gives_the_same_and_leaves_the_boxes_alone(many: Shelves) -> None:
    network, data = build_network(TASK), build_data(TASK, many[0][:4], many[1][:4])
    before = {name: value.clone() for name, value in network.detector.state_dict().items()}
    TASK.finish(network, data)
    first = {name: value.clone() for name, value in network.state_dict().items()}
    TASK.finish(network, data)
    assert all(torch.equal(value, first[name]) for name, value in network.state_dict().items())
    assert all(torch.equal(value, before[name]) for name, value in network.detector.state_dict().items())


def test_products_without_a_box_are_never_named(many: Shelves) -> None:
    network, data = build_network(TASK), build_data(TASK, many[0][:1], many[1][:1])
    TASK.finish(network, data)
    seen = {label for label in many[1][0].labels if label != GAP}
    assert set(torch.nonzero(network.is_known).flatten().tolist()) == seen
    named, _ = name_true_boxes(network, build_data(TASK, *many))
    assert set(named.tolist()) <= seen


def test_a_shelf_of_gaps_alone_teaches_no_product() -> None:
    network = build_network(TASK)
    TASK.finish(network, build_data(TASK, np.zeros((1, 128, 128, 3), np.uint8), [a_boxed_example(GAP, GAP)]))
    assert not network.is_known.any()


def test_two_thousand_products_with_a_box_each_are_looked_at_within_bounds() -> None:
    task = ProductRecognizer((*(f"product {at}" for at in range(2_000)), "gap"))
    examples = [a_boxed_example(*range(at, at + 20)) for at in range(0, 2_000, 20)] * 3
    data = build_data(task, np.zeros((300, 8, 8, 3), np.uint8), examples)
    labels, _ = prototypes.choose_boxes(data, 2_000)
    assert sorted(set(labels.tolist())) == list(range(2_000))
    assert len(labels) * prototypes.LEAST_COPIES <= prototypes.MOST_VIEWS


def test_the_outputs_say_of_every_cell_what_box_it_tells_and_of_candidates_the_product(many: Shelves) -> None:
    network = build_network(TASK)
    data = build_data(TASK, many[0][:2], many[1][:2])
    TASK.finish(network, data)
    images = data.images.permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        told, numbers = network(images), network.detector(images)
        learning = network.train()(images)
    assert told.shape == (2, 256, 8)
    assert learning.shape == numbers.shape == (2, 256, 6)
    assert torch.equal(told[..., [0, 1, 4, 5, 6, 7]], numbers)
    assert ((told[..., 3] > 0).sum(dim=1) <= 64).all()


def test_the_surest_cells_come_first_and_peaks_before_their_neighbours() -> None:
    grid = torch.full((20, 20), -5.0)
    grid[3, 3], grid[3, 4], grid[10, 10] = 4.0, 3.9, -1.0
    chosen = choose_cells(grid.flatten()[None])[0].tolist()
    assert chosen[0] == 3 * 20 + 3
    assert chosen.index(10 * 20 + 10) < chosen.index(3 * 20 + 4) if 3 * 20 + 4 in chosen else 10 * 20 + 10 in chosen


def an_output(*cells: tuple[int, float, float, int, float]) -> np.ndarray:
    """Return the outputs (1, 16, 8) of a picture of 16 cells: each given as cell, two logits, label, probability."""
    outputs = np.zeros((1, 16, 8), dtype=np.float32)
    outputs[..., :2] = -9
    for cell, product, gap, label, share in cells:
        outputs[0, cell, :4] = product, gap, label, share
    return outputs


def test_a_box_has_the_label_of_its_cell_and_both_confidences() -> None:
    found = decode_products(an_output((0, 0.0, -9, 3, 0.5), (5, -9, 2.0, 7, 1.0), (15, -9, -9, 1, 1.0)))[0]
    assert found.labels.tolist() == [7, 3]
    assert found.scores.tolist() == pytest.approx([0.881, 0.25], abs=1e-3)
    assert found.boxes.tolist() == [[0.25, 0.25, 0.25, 0.25], [0, 0, 0.25, 0.25]]


def test_boxes_are_settled_before_products_and_whatever_they_are() -> None:
    outputs = an_output((5, 3.0, -9, 3, 0.2), (6, 2.0, -9, 4, 0.9))
    outputs[0, 6, 4] = -0.9
    other = outputs.copy()
    other[0, :, 2:4] = [1, 0.7]
    assert [values.tolist() for values in find_boxes(outputs[0])] == [
        values.tolist() for values in find_boxes(other[0])
    ]
    assert decode_products(outputs)[0].labels.tolist() == [3]


def test_scores_are_told_of_the_whole_and_of_its_parts() -> None:
    boxes = [[0.0, 0.0, 0.3, 0.3], [0.5, 0.5, 0.3, 0.3], [0.0, 0.6, 0.2, 0.2]]
    truth = build_truth([0, 1, GAP], boxes)
    guess = Prediction(np.array([0, 2, GAP]), np.array([0.9, 0.8, 0.7], np.float32), truth.boxes)
    found = recognition.measure_recognition([guess], [truth], LABELS, GAP)
    assert found.box_average_precision50 == 1.0
    assert found.product_accuracy_top1 == 0.5
    assert found.score == found.mean_average_precision50 == pytest.approx(2 / 3, abs=1e-4)
    nothing = recognition.measure_recognition([guess], [build_truth([], [])], LABELS, GAP)
    assert nothing.product_accuracy_top1 is None
    assert nothing.box_average_precision50 is None
