"""Tensors as JSON and as bytes: the same request in both forms."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from darkroom_server.http import tensors
from darkroom_server.http.problems import Problem

VALUES = np.asarray([[0.0, 0.5], [1.0, -2.0]], dtype=np.float32)


def _parse(entry: dict[str, Any], rest: bytes = b"", **more: Any) -> tensors.InferenceRequest:
    head = json.dumps({"inputs": [entry], **more}).encode()
    return tensors.parse_request(head + rest, str(len(head)) if rest else None)


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        pytest.param(VALUES.tolist(), b"", id="lists in lists"),
        pytest.param(VALUES.ravel().tolist(), b"", id="one list"),
        pytest.param(None, VALUES.astype("<f4").tobytes(), id="bytes"),
    ],
)
def test_numbers_are_read_from_either_form(data: Any, rest: bytes) -> None:
    entry = {"name": "images", "datatype": "FP32", "shape": [2, 2], "data": data}
    entry |= {"parameters": {"binary_data_size": len(rest)}} if rest else {}
    (tensor,) = _parse(entry, rest).inputs
    assert np.array_equal(tensor.values, VALUES)


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        pytest.param([base64.b64encode(b"\x00abc").decode()], b"", id="base64"),
        pytest.param(None, b"\x04\x00\x00\x00\x00abc", id="bytes"),
    ],
)
def test_bytes_are_read_from_either_form(data: Any, rest: bytes) -> None:
    entry = {"name": "image", "datatype": "BYTES", "shape": [1], "data": data}
    entry |= {"parameters": {"binary_data_size": len(rest)}} if rest else {}
    assert _parse(entry, rest).inputs[0].values == [b"\x00abc"]


def test_two_tensors_take_their_bytes_in_order() -> None:
    entries = [
        {"name": name, "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}} for name in ("a", "b")
    ]
    head = json.dumps({"inputs": entries}).encode()
    found = tensors.parse_request(head + np.asarray([1, 2], "<f4").tobytes(), str(len(head)))
    assert [float(np.asarray(tensor.values)[0]) for tensor in found.inputs] == [1.0, 2.0]


def test_an_id_and_wanted_outputs_are_kept() -> None:
    entry = {"name": "a", "datatype": "FP32", "shape": [1], "data": [1]}
    found = _parse(entry, id="seven", outputs=[{"name": "scores", "parameters": {"binary_data": True}}])
    assert (found.id, found.outputs) == ("seven", ("scores",))


@pytest.mark.parametrize(
    ("head", "says"),
    [
        pytest.param('{"inputs": [' + "[]," * 70_000 + "1]}", "more than 65,536 lists", id="lists that fill memory"),
        pytest.param('{"id": "\\ud800"}', "not JSON", id="half of a character"),
    ],
)
def test_a_head_that_would_harm_the_server_is_refused(head: str, says: str) -> None:
    with pytest.raises(Problem, match=says):
        tensors.parse_request(head.encode(), None)


def test_more_elements_than_are_read_are_not_decoded() -> None:
    count = tensors.MAX_ELEMENTS + 1
    with pytest.raises(Problem, match="at most 1,024 are read"):
        _parse({"name": "image", "datatype": "BYTES", "shape": [count], "data": ["!"] * count})
