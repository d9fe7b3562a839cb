"""The product recognizer: boxes without products, products by looks, and what each knows of the other."""

import numpy as np
import pytest
import torch

from darkroom_predict.decoding.products import MOST_NAMES, TAGS
from darkroom_predict.gaps import find_gap
from darkroom_trainer.tasks import prototypes
from darkroom_trainer.tasks.recognizer import ProductRecognizer
from tests.support.tagged import a_boxed_example
from tests.unit.trainer.shelf_models import LABELS, Shelves, build_data, build_network, draw_shelves, name_true_boxes

TASK = ProductRecognizer(LABELS)
GAP = find_gap(LABELS)


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
    assert told.shape == (2, 256, 6 + 2 * MOST_NAMES)
    assert learning.shape == numbers.shape == (2, 256, 6)
    assert torch.equal(torch.cat([told[..., :TAGS], told[..., -4:]], dim=-1), numbers)
    assert ((told[..., TAGS + 1] > 0).sum(dim=1) <= 64).all()
    probabilities = told[..., TAGS + 1 : -4 : 2]
    assert (probabilities[..., :-1] >= probabilities[..., 1:]).all()
