"""Which part of a network is trained, at which rates, and where it can be divided."""

import pytest
import torch

from darkroom_trainer.networks import stages
from darkroom_trainer.tasks.base import LearningTask
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.tasks.detector import Detector
from darkroom_trainer.tasks.recognizer import ProductRecognizer

DEPTHS = {"stem.weight": 0, "blocks.0.weight": 1, "blocks.1.weight": 2, "blocks.1.bias": 2}


@pytest.mark.parametrize(
    ("trained_stages", "scales"),
    [
        pytest.param(0, [0.0, 0.0, 0.0, 0.0], id="none: all of the backbone is frozen"),
        pytest.param(1, [0.0, 0.0, 0.1, 0.1], id="the last one learns slower than the head"),
        pytest.param(2, [0.0, 0.07, 0.1, 0.1], id="the one before it slower still"),
        pytest.param(9, [0.049, 0.07, 0.1, 0.1], id="more than there are: all"),
    ],
)
def test_rates_fall_towards_the_first_stages(trained_stages: int, scales: list[float]) -> None:
    assert list(stages.scale_rates(DEPTHS, trained_stages).values()) == pytest.approx(scales)


@pytest.mark.parametrize("backbone", ["test_resnet", "tf_efficientnet_lite0", "convnext_atto"])
@pytest.mark.parametrize("task", [Classifier(("a", "b")), Detector(("a", "b")), ProductRecognizer(("a", "b"))])
def test_frozen_stages_get_no_gradient_and_what_is_new_learns_at_the_full_rate(
    task: LearningTask, backbone: str
) -> None:
    model = task.build_model(backbone)
    part = stages.freeze(model, backbone, 0)
    trained = {id(value) for value, _ in part.rates}
    assert trained == {id(value) for value in model.parameters() if value.requires_grad}
    assert {scale for _, scale in part.rates} == {1.0}
    assert 0 < len(trained) < len(list(model.parameters()))


def test_the_whole_network_learns_at_one_rate_where_nothing_is_said_of_stages() -> None:
    model = Classifier(("a", "b")).build_model("test_resnet")
    part = stages.freeze(model, "test_resnet", None)
    assert [scale for _, scale in part.rates] == [1.0] * len(list(model.parameters()))
    assert part.still == []


def test_running_statistics_stay_while_a_part_is_trained() -> None:
    model = Classifier(("a", "b")).build_model("test_resnet").train()
    part = stages.freeze(model, "test_resnet", 1)
    before = {name: value.clone() for name, value in model.named_buffers()}
    part.hold_still()
    model(torch.rand(4, 3, 64, 64))
    assert before
    assert all(torch.equal(value, before[name]) for name, value in model.named_buffers())


@pytest.mark.parametrize(
    ("backbone", "trained_stages"),
    [("test_resnet", 0), ("test_resnet", 2), ("tf_efficientnet_lite0", 3), ("convnext_atto", 1)],
)
def test_a_divided_classifier_answers_as_the_whole_one_and_learns_the_same(backbone: str, trained_stages: int) -> None:
    torch.manual_seed(0)
    model, images = Classifier(("a", "b")).build_model(backbone), torch.rand(2, 3, 64, 64)
    part = stages.freeze(model, backbone, trained_stages)
    division = stages.divide(model)
    assert division is not None
    model.eval()
    outputs = division.answer(division.look(images))
    torch.testing.assert_close(outputs, model(images))
    outputs.sum().backward()  # type: ignore[no-untyped-call]
    assert all(value.grad is not None for value, _ in part.rates)


def test_a_detector_is_divided_behind_its_backbone_where_all_of_that_is_frozen() -> None:
    model, images = Detector(("a", "b")).build_model("test_resnet"), torch.rand(2, 3, 64, 64)
    part = stages.freeze(model, "test_resnet", 0)
    division = stages.divide(model)
    assert division is not None
    maps = division.look(images)
    assert [one.shape[-1] for one in maps] == [8, 4, 2]
    model.train()
    part.hold_still()
    torch.testing.assert_close(division.answer(maps), model(images))


def test_a_detector_of_which_stages_are_trained_is_not_divided() -> None:
    model = Detector(("a", "b")).build_model("test_resnet")
    stages.freeze(model, "test_resnet", 1)
    assert stages.divide(model) is None


def test_a_network_that_is_no_chain_is_not_divided() -> None:
    model = Classifier(("a", "b")).build_model("test_vit", image_size_px=160)
    stages.freeze(model, "test_vit", 1)
    assert stages.divide(model) is None
