"""The bodies of the Open Inference Protocol: named tensors as JSON, or as bytes behind a JSON head.

Owns both forms and what a tensor may be. Must not know models, or what a tensor is for.
"""

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom_server.http import bodies
from darkroom_server.http.problems import Problem, bad_request

HEAD_LENGTH: Final = "inference-header-content-length"
MAX_INPUTS: Final = 16
MAX_DIMENSIONS: Final = 8
MAX_ELEMENTS: Final = 1024
"""Of BYTES, where an empty one takes four bytes or less."""


@dataclass(frozen=True)
class Tensor:
    """An input: its values are bytes objects for BYTES, else in an array of `shape`."""

    name: str
    shape: tuple[int, ...]
    values: "list[bytes] | npt.NDArray[np.float32]"


@dataclass(frozen=True)
class InferenceRequest:
    """What is asked: the inputs, and the outputs that are wanted (all when empty)."""

    id: str | None
    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...]


def parse_request(body: bytes, head_length: str | None) -> InferenceRequest:
    """Return the request in a body, of which so many bytes are JSON; raises a Problem that names what is wrong."""
    head, rest = _split(body, head_length)
    bodies.check_collections(head)
    try:
        text = head.decode()
        found = json.loads(text)
        bodies.check_characters(text, found)
    except (ValueError, RecursionError):
        raise bad_request(
            f"the body is not JSON; send tensors as JSON, or behind a JSON head and {HEAD_LENGTH}"
        ) from None
    if not isinstance(found, dict):
        raise bad_request('the body is not a JSON object; send {"inputs": [...]}')
    entries = found.get("inputs")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_INPUTS:
        raise bad_request(f"inputs: give a list of 1 to {MAX_INPUTS} tensors", target="inputs")
    inputs = []
    for entry in entries:
        tensor, rest = _read_tensor(entry, rest)
        inputs.append(tensor)
    if rest:
        raise bad_request(f"{len(rest):,} bytes follow the last tensor; check each binary_data_size")
    given_id = found.get("id")
    return InferenceRequest(given_id if isinstance(given_id, str) else None, tuple(inputs), _read_outputs(found))


def _split(body: bytes, head_length: str | None) -> tuple[bytes, bytes]:
    if head_length is None:
        return body, b""
    if not (head_length.isascii() and head_length.isdecimal() and len(head_length) < 16):
        raise bad_request(f"{HEAD_LENGTH} is not a number", target=HEAD_LENGTH)
    length = int(head_length)
    if length > len(body):
        raise bad_request(f"{HEAD_LENGTH} is {length:,}, and the body has {len(body):,} bytes", target=HEAD_LENGTH)
    return body[:length], body[length:]


def _read_outputs(found: dict[str, Any]) -> tuple[str, ...]:
    outputs = found.get("outputs") or []
    if not isinstance(outputs, list) or not all(
        isinstance(each, dict) and isinstance(each.get("name"), str) for each in outputs
    ):
        raise bad_request('outputs: give a list of {"name": ...}, or leave it out', target="outputs")
    return tuple(each["name"] for each in outputs)


def _read_tensor(entry: Any, rest: bytes) -> tuple[Tensor, bytes]:
    """Return a tensor, and what of the bytes behind the head is left for those after it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise bad_request("inputs: a tensor has no name", target="inputs")
    name, shape, parameters = entry["name"][:80], _read_shape(entry), entry.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    data: Any = entry.get("data")
    if size is not None:
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(rest):
            raise _refuse(name, f"its binary_data_size is {size!r:.40}, and {len(rest):,} bytes are left")
        data, rest = rest[:size], rest[size:]
    datatype = entry.get("datatype")
    if datatype == "BYTES":
        return Tensor(name, shape, _read_bytes(name, shape, data)), rest
    if datatype == "FP32":
        return Tensor(name, shape, _read_floats(name, shape, data)), rest
    raise _refuse(name, f"its datatype is {datatype!r:.40}; give BYTES or FP32")


def _read_shape(entry: dict[str, Any]) -> tuple[int, ...]:
    shape = entry.get("shape")
    if not isinstance(shape, list) or not 1 <= len(shape) <= MAX_DIMENSIONS or not all(map(_is_side, shape)):
        raise _refuse(entry["name"][:80], "its shape is not a list of positive whole numbers")
    return tuple(shape)


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31


def _read_bytes(name: str, shape: Sequence[int], data: Any) -> list[bytes]:
    found = _split_elements(name, data) if isinstance(data, bytes) else _flatten(name, data)
    if len(found) != math.prod(shape):
        raise _refuse(name, f"it has {len(found):,} elements, and its shape says {math.prod(shape):,}")
    if len(found) > MAX_ELEMENTS:
        raise _refuse(name, f"it has {len(found):,} elements, at most {MAX_ELEMENTS:,} are read")
    return found if isinstance(data, bytes) else [_decode(name, text) for text in found]


def _split_elements(name: str, data: bytes) -> list[bytes]:
    """Return the elements, each behind its length in four bytes, little end first."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + length > len(data) or len(found) == MAX_ELEMENTS:
            raise _refuse(name, "its bytes are not elements, each behind its length in four bytes")
        found.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _decode(name: str, text: Any) -> bytes:
    if not isinstance(text, str):
        raise _refuse(name, "its data are not texts; give base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _refuse(name, "its data are not base64") from None


def _read_floats(name: str, shape: Sequence[int], data: Any) -> npt.NDArray[np.float32]:
    try:
        if isinstance(data, bytes):
            values = np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)
        else:
            values = np.asarray(_flatten(name, data), dtype=np.float32)
    except (ValueError, TypeError, OverflowError):
        raise _refuse(name, "its data are not numbers of 32 bits") from None
    if values.size != math.prod(shape):
        raise _refuse(name, f"it has {values.size:,} numbers, and its shape says {math.prod(shape):,}")
    if not np.isfinite(values).all():
        raise _refuse(name, "its data are not all finite")
    return values.reshape(shape)


def _flatten(name: str, data: Any) -> list[Any]:
    """Return the elements of lists in lists."""
    if not isinstance(data, list):
        raise _refuse(name, "it has no data; give a list, or bytes and their binary_data_size")
    level = data
    for _ in range(MAX_DIMENSIONS):
        if not any(isinstance(item, list) for item in level):
            return level
        level = [inner for item in level for inner in (item if isinstance(item, list) else [item])]
    raise _refuse(name, "its data are nested too deeply")


def _refuse(name: str, what: str) -> Problem:
    return bad_request(f"input {name!r}: {what}", target="inputs")
