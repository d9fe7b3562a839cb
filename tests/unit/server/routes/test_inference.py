"""The Open Inference Protocol: what it tells, both ways to ask, and its errors."""

import base64
import json
import pathlib
from typing import Any

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.description import ONNX_NAME
from darkroom_predict.onnx_predictor import BATCH_SIZE, OnnxPredictor, open_onnx
from darkroom_predict.onnx_session import OnnxModel
from darkroom_predict.predictions import Floats
from darkroom_server.http.tensors import InferenceRequest, Tensor
from darkroom_server.routes.inference import answer_tensors
from tests.support.server.fixtures import RED
from tests.support.server.models import SIZE_PX, draw, write_model
from tests.support.server.parts import KEY
from tests.support.server.running import Answer, send

KEYED = {"Ocp-Apim-Subscription-Key": KEY}


def _infer(address: str, body: Any, model: str = "classifier", headers: dict[str, str] | None = None) -> Answer:
    return send(address, f"/v2/models/{model}/infer", body, KEYED | (headers or {}))


def _image(picture: bytes = RED, **more: Any) -> dict[str, Any]:
    text = base64.b64encode(picture).decode()
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [text]}
    return {"inputs": [tensor | {"parameters": {"content_type": "base64"}} | more]}


def _read(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return {output["name"]: output for output in answer.json["outputs"]}


def test_whether_it_lives_and_is_ready_is_told_to_anybody(address: str) -> None:
    assert [send(address, f"/v2/health/{what}").status for what in ("live", "ready")] == [200, 200]
    assert send(address, "/v2").json["name"] == "darkroom"


def test_a_model_tells_what_it_takes_and_gives(address: str) -> None:
    found = send(address, "/v2/models/detector", headers=KEYED).json
    assert (found["name"], found["versions"], found["platform"]) == ("detector", ["1"], "onnxruntime_onnx")
    inputs = {each["name"]: (each["datatype"], each["shape"]) for each in found["inputs"]}
    assert inputs == {"images": ("FP32", [-1, 3, SIZE_PX, SIZE_PX]), "image": ("BYTES", [1])}
    outputs = {each["name"]: (each["datatype"], each["shape"]) for each in found["outputs"]}
    assert outputs["boxes"] == ("INT32", [-1, 4])
    assert len(outputs["outputs"][1]) == 3
    names = [each["name"] for each in send(address, "/v2/models/classifier", headers=KEYED).json["outputs"]]
    assert names == ["outputs", "labels", "scores"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("classifier/ready", 200),
        ("classifier/versions/1/ready", 200),
        ("classifier/versions/2/ready", 404),
        ("young/ready", 409),
        ("young", 409),
        ("nothing/ready", 404),
        ("nothing", 404),
    ],
)
def test_a_model_is_ready_once_it_has_succeeded(address: str, path: str, status: int) -> None:
    assert send(address, f"/v2/models/{path}", headers=KEYED).status == status


def test_an_image_goes_in_and_results_come_out(address: str) -> None:
    answer = _infer(address, _image() | {"id": "seven"})
    found = _read(answer)
    assert (answer.json["model_name"], answer.json["model_version"], answer.json["id"]) == ("classifier", "1", "seven")
    assert found["labels"]["data"] == ["red", "green", "blue"]
    assert found["scores"]["shape"] == [3]
    assert "boxes" not in found


def test_a_detectors_boxes_are_whole_pixels_one_row_each(address: str) -> None:
    found = _read(_infer(address, _image(draw(("red", 0, 0), ("green", 1, 1))), "detector"))
    assert found["boxes"]["shape"] == [2, 4]
    assert sorted(found["boxes"]["data"][::4]) == [2, 42]
    nothing = _read(_infer(address, _image(draw()), "detector"))
    assert (nothing["boxes"]["shape"], nothing["labels"]["data"]) == ([0, 4], [])


def test_only_the_outputs_that_are_asked_for_come(address: str) -> None:
    assert set(_read(_infer(address, _image() | {"outputs": [{"name": "scores"}]}))) == {"scores"}


def test_the_networks_own_input_gives_its_raw_outputs(address: str) -> None:
    images = np.zeros((2, 3, SIZE_PX, SIZE_PX), dtype=np.float32)
    images[1, 2] = 0.5
    tensor = {"name": "images", "datatype": "FP32", "shape": list(images.shape)}
    for data in (images.tolist(), images.ravel().tolist()):
        found = _read(_infer(address, {"inputs": [tensor | {"data": data}]}))["outputs"]
        assert found["shape"] == [2, 3]
        assert found["data"] == pytest.approx([0, 0, 0, 0, 0, 5])


class CountingModel(OnnxModel):
    """Remembers how many images it was given at once."""

    def run(self, images: Floats) -> Floats:
        """Count, and compute."""
        self.counts = [*getattr(self, "counts", []), len(images)]
        return super().run(images)


def test_many_images_are_computed_in_parts(tmp_path: pathlib.Path) -> None:
    write_model(tmp_path, Task.CLASSIFIER)
    opened = open_onnx(tmp_path / ONNX_NAME, 1)
    session = CountingModel(tmp_path / ONNX_NAME, 1)
    images = np.random.default_rng(0).random((2 * BATCH_SIZE + 1, 3, SIZE_PX, SIZE_PX), dtype=np.float32)
    asked = InferenceRequest(None, (Tensor("images", images.shape, images),), ())
    (found,) = answer_tensors(OnnxPredictor(opened.description, session), asked)["outputs"]
    assert session.counts == [BATCH_SIZE, BATCH_SIZE, 1]
    assert found["data"] == pytest.approx(opened.session.run(images).ravel().tolist(), rel=1e-5)


def _binary(head: dict[str, Any], *tensors: bytes) -> tuple[bytes, dict[str, str]]:
    text = json.dumps(head).encode()
    return b"".join((text, *tensors)), {"Inference-Header-Content-Length": str(len(text))}


def test_tensors_come_as_bytes_behind_the_head(address: str) -> None:
    element = len(RED).to_bytes(4, "little") + RED
    head = {
        "inputs": [
            {"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(element)}}
        ]
    }
    body, headers = _binary(head, element)
    assert _read(_infer(address, body, headers=headers))["labels"]["data"][0] == "red"


FLOATS = {"name": "images", "datatype": "FP32", "shape": [1, 3, SIZE_PX, SIZE_PX]}
INFINITE = float("inf")
COUNT = 3 * SIZE_PX * SIZE_PX
REFUSED: dict[str, tuple[Any, str]] = {
    "no JSON": (b"{", "not JSON"),
    "deep JSON": (b"[" * 50_000, "not JSON"),
    "a list": (b"[]", "not a JSON object"),
    "no inputs": ({}, "inputs: give a list"),
    "no tensor": ({"inputs": [1]}, "has no name"),
    "an unknown input": ({"inputs": [FLOATS | {"name": "x", "data": [0.0] * COUNT}]}, "give either"),
    "both inputs": ({"inputs": [FLOATS | {"data": [0.0] * COUNT}, _image()["inputs"][0]]}, "give either"),
    "an unknown output": (_image() | {"outputs": [{"name": "x"}]}, "of this input there are"),
    "outputs of another form": (_image() | {"outputs": ["scores"]}, "outputs: give a list"),
    "another datatype": ({"inputs": [FLOATS | {"datatype": "INT8", "data": []}]}, "give BYTES or FP32"),
    "two images": (_image(shape=[2]), "its shape says 2"),
    "two images with a shape": (_image(shape=[2], data=["", ""]), "one image a request"),
    "no base64": (_image(data=["@"]), "not base64"),
    "a number for an image": (_image(data=[1]), "give base64"),
    "no data": ({"inputs": [FLOATS]}, "it has no data"),
    "too few numbers": ({"inputs": [FLOATS | {"data": [0.0]}]}, "it has 1 numbers"),
    "texts for numbers": ({"inputs": [FLOATS | {"data": ["a"] * COUNT}]}, "not numbers"),
    "numbers without end": (b'{"inputs": [%s]}' % json.dumps(FLOATS | {"data": [INFINITE] * COUNT}).encode(), "finite"),
    "another size": ({"inputs": [FLOATS | {"shape": [1, 3, 1, 1], "data": [0.0] * 3}]}, f"3, {SIZE_PX}, {SIZE_PX}"),
    "a shape of no size": (_image(shape=[-1]), "its shape is not"),
    "a shape of truths": (_image(shape=[True]), "its shape is not"),
    "bytes for the network": (_image(name="images"), "give FP32"),
    "numbers for the image": ({"inputs": [FLOATS | {"name": "image", "data": [0.0] * COUNT}]}, "give BYTES"),
    "deep data": ({"inputs": [FLOATS | {"data": json.loads("[" * 20 + "]" * 20)}]}, "nested too deeply"),
    "a page": (_image(b"<html>"), "not an image"),
    "bytes that are not there": (_image(parameters={"binary_data_size": 5}), "binary_data_size is 5"),
    "a size that is none": (_image(parameters={"binary_data_size": "5"}), "binary_data_size is '5'"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_makes_no_sense_is_refused_in_words(address: str, body: Any, says: str) -> None:
    answer = _infer(address, body)
    assert (answer.status, set(answer.json)) == (400, {"error"})
    assert says in answer.json["error"]


@pytest.mark.parametrize(
    ("length", "element", "says"),
    [
        ("x", b"", "is not a number"),
        ("-1", b"", "is not a number"),
        ("99999", b"", "and the body has"),
        (None, b"\x09\x00\x00\x00abc", "each behind its length"),
        (None, b"\x00\x00\x00\x00" * 2000, "each behind its length"),
        (None, b"\x03\x00\x00\x00abc\x00\x00\x00\x00", "2 elements"),
    ],
)
def test_bytes_that_do_not_fit_their_head_are_refused(
    address: str, length: str | None, element: bytes, says: str
) -> None:
    head = {
        "inputs": [
            {"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(element)}}
        ]
    }
    body, headers = _binary(head, element)
    if length is not None:
        headers = {"Inference-Header-Content-Length": length}
    answer = _infer(address, body, headers=headers)
    assert answer.status == 400
    assert says in answer.json["error"]


def test_bytes_after_the_last_tensor_are_refused(address: str) -> None:
    body, headers = _binary(_image(), b"more")
    assert "4 bytes follow" in _infer(address, body, headers=headers).json["error"]


@pytest.mark.parametrize(
    "path", ["/v2/models/classifier", "/v2/models/classifier/ready", "/v2/models/classifier/infer"]
)
def test_of_models_nothing_is_told_without_a_key(address: str, path: str) -> None:
    answer = send(address, path, {} if path.endswith("infer") else None)
    assert (answer.status, set(answer.json)) == (401, {"error"})
