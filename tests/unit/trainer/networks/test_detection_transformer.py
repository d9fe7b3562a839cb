"""A detector whose queries each find one thing: what it says, in the form of the dense head's cells."""

import pathlib

import numpy as np
import pytest
import torch

from darkroom_predict.decoding.boxes import decode_cells
from darkroom_predict.onnx_session import OnnxModel
from darkroom_trainer.networks import onnx_tracing, stages
from darkroom_trainer.networks.detection_transformer import (
    NOTHING,
    DetectionTransformer,
    QueryAnswers,
    list_things,
    order_queries,
    write_cells,
)
from darkroom_trainer.tasks.detector import Detector
from tests.support.pretrained import detectors

LABELS = torch.tensor([[0, 2, -1], [-1, -1, -1]])
BOXES = torch.tensor([[[0.1, 0.2, 0.5, 0.4], [0.5, 0.5, 1.0, 0.9], [0.0, 0.0, 0.0, 0.0]], [[0.0] * 4] * 3])


@pytest.fixture
def network() -> DetectionTransformer:
    return DetectionTransformer(detectors.a_network(), 3, detectors.some_tensors(), 64).eval()


def test_what_queries_say_is_decoded_like_the_cells_of_a_dense_head() -> None:
    logits = torch.full((1, 5, 2), -8.0)
    logits[0, 1, 0], logits[0, 4, 1] = 3.0, 2.0
    boxes = torch.full((1, 5, 4), 0.5)
    boxes[0, 1], boxes[0, 4] = torch.tensor([0.3, 0.2, 0.2, 0.1]), torch.tensor([0.9, 0.1, 0.1, 0.1])
    cells = write_cells(logits, boxes)
    assert cells.shape == (1, 9, 6), "the next square"
    assert (cells[0, 5:, :2] == NOTHING).all()
    (found,) = decode_cells(cells.numpy())
    assert found.labels.tolist() == [0, 1]
    assert found.scores == pytest.approx([0.9526, 0.8808], abs=1e-4)
    assert found.boxes == pytest.approx(np.array([[0.2, 0.15, 0.2, 0.1], [0.85, 0.05, 0.1, 0.1]]), abs=1e-6)


def test_queries_come_in_the_order_of_the_picture_whatever_they_promise() -> None:
    promises = torch.tensor([[0.1, 0.9, 0.3, 0.8], [0.9, 0.1, 0.8, 0.3]])
    places = promises.topk(3).indices
    order = order_queries(promises, 3)
    assert places.gather(1, order).tolist() == [[1, 2, 3], [0, 2, 3]]


def test_things_are_told_by_their_middles_and_an_image_without_any_by_none() -> None:
    first, second = list_things(LABELS, BOXES)
    assert first["class_labels"].tolist() == [0, 2]
    assert torch.allclose(first["boxes"], torch.tensor([[0.3, 0.3, 0.4, 0.2], [0.75, 0.7, 0.5, 0.4]]))
    assert second["boxes"].shape == (0, 4)


def test_it_learns_by_the_librarys_loss_in_all_of_its_parts(network: DetectionTransformer) -> None:
    task, targets = Detector(("a", "b", "c")), {"label": LABELS, "box": BOXES}
    answers = network.train()(torch.rand(2, 3, 64, 64))
    network.eval()
    assert isinstance(answers, QueryAnswers)
    loss = task.compute_loss(answers, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss)
    assert task.count_terms(answers, targets) == 2
    silent = {name.split(".")[1] for name, value in network.named_parameters() if value.grad is None}
    assert not silent & {"backbone", "encoder", "enc_output", "enc_score_head", "enc_bbox_head"}
    network.zero_grad(set_to_none=True)


def test_a_loss_of_answers_that_are_no_numbers_is_none(network: DetectionTransformer) -> None:
    answers = network.train()(torch.full((1, 3, 64, 64), torch.nan))
    network.eval()
    assert torch.isnan(answers.compute_loss(LABELS[:1], BOXES[:1]))


@pytest.mark.parametrize(
    ("trained_stages", "frozen"),
    [
        pytest.param(0, {"embedder", "0", "1", "2", "3"}, id="none: all of the backbone is frozen"),
        pytest.param(2, {"embedder", "0", "1"}, id="the last two"),
        pytest.param(5, set(), id="all, the stem included"),
    ],
)
def test_the_last_stages_are_trained_and_statistics_stay(trained_stages: int, frozen: set[str]) -> None:
    model = DetectionTransformer(detectors.a_network(), 3)
    part = stages.freeze(model, detectors.NAME, trained_stages)
    backbone = {name: value for name, value in model.named_parameters() if ".backbone." in name}
    still = {name.split("stages.")[-1].split(".")[0] for name, value in backbone.items() if not value.requires_grad}
    assert {"embedder" if "embedder" in name or name == "net" else name for name in still} == frozen
    assert all(value.requires_grad for name, value in model.named_parameters() if name not in backbone)
    assert part.still, "a few images say less of them"
    assert stages.divide(model) is None


@pytest.mark.timeout(300)
def test_onnx_says_what_torch_says_of_one_image_and_of_three(
    network: DetectionTransformer, tmp_path: pathlib.Path
) -> None:
    onnx_tracing.trace_module(network, 64, tmp_path / "model.onnx")
    model = OnnxModel(tmp_path / "model.onnx", 1)
    generator = torch.Generator().manual_seed(1)
    for count in (1, 3):
        images = torch.rand(count, 3, 64, 64, generator=generator)
        with torch.inference_mode():
            expected = network(images).numpy()
        assert np.abs(model.run(images.numpy()) - expected).max() < 1e-4
