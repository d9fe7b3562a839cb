"""Custom Vision's prediction routes: paths in any case, their answer, their errors."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.server.fixtures import LIMITS, RED
from tests.support.server.images import ImageHost
from tests.support.server.models import draw
from tests.support.server.parts import KEY, ModelFolders
from tests.support.server.running import Answer, send

PROJECT = "f1c3a0de-52a5-4f0c-a4c3-5b1f6cf40b2e"
KEYED = {"Prediction-Key": KEY}


def _ask(
    address: str, end: str, body: Any = RED, headers: dict[str, str] | None = None, version: str = "v3.0"
) -> Answer:
    path = f"/customvision/{version}/Prediction/{PROJECT}/{end}?application=shop"
    return send(address, path, body, KEYED | (headers or {}))


@pytest.mark.parametrize("version", ["v3.0", "v3.1", "v3.2", "v3.3", "v3.4", "V3.4-preview"])
def test_each_version_answers(address: str, version: str) -> None:
    assert _ask(address, "classify/iterations/classifier/image", version=version).status == 200


@pytest.mark.parametrize(
    "end",
    [
        "classify/iterations/classifier/image",
        "Classify/Iterations/classifier/Image",
        "classify//iterations/classifier/image/nostore",
        "CLASSIFY/iterations/classifier/image/NoStore",
    ],
)
def test_a_path_is_taken_in_any_case(address: str, end: str) -> None:
    tags = [found["tagName"] for found in _ask(address, end).json["predictions"]]
    assert tags == ["red", "green", "blue"]


def test_an_answer_holds_what_the_clients_decode(address: str) -> None:
    found = _ask(address, "classify/iterations/classifier/image").json
    assert {len(str(uuid.UUID(found[key]))) for key in ("id", "project", "iteration")} == {36}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["created"])
    assert abs(datetime.fromisoformat(found["created"]) - datetime.now(UTC)).total_seconds() < 60
    first = found["predictions"][0]
    assert set(first) == {"probability", "tagId", "tagName", "tagType"}
    assert (first["tagType"], first["probability"] > 0.99) == ("Regular", True)


def test_ids_stay_the_same_but_for_the_answers_own(address: str, backend: ModelFolders) -> None:
    first, second = (_ask(address, "classify/iterations/classifier/image").json for _ in range(2))
    assert first["id"] != second["id"]
    assert (first["project"], first["iteration"]) == (second["project"], second["iteration"])
    assert first["project"] == str(uuid.UUID(backend.models["classifier"].uid))
    assert [found["tagId"] for found in first["predictions"]] == [found["tagId"] for found in second["predictions"]]
    assert len({found["tagId"] for found in first["predictions"]}) == 3


def test_a_detector_answers_relative_boxes(address: str) -> None:
    (found,) = _ask(address, "detect/iterations/detector/image", draw(("green", 1, 2))).json["predictions"]
    assert found["tagName"] == "green"
    assert found["boundingBox"] == pytest.approx(
        {"left": 0.262, "top": 0.512, "width": 0.226, "height": 0.226}, abs=1e-3
    )


def test_an_address_is_fetched(address: str, images: ImageHost) -> None:
    for body in ({"Url": f"{images.url}/red.png"}, {"url": f"{images.url}/red.png"}):
        assert _ask(address, "classify/iterations/classifier/url/nostore", body).status == 200


LARGE = b"x" * (LIMITS.image_bytes + 1)
NO_FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("end", "body", "headers", "status", "code"),
    [
        ("classify/iterations/nothing/image", RED, {}, 404, "NotFoundIteration"),
        ("classify/iterations/../image", RED, {}, 404, "NotFoundIteration"),
        ("classify/iterations/young/image", RED, {}, 409, "BadRequestIterationIsNotTrained"),
        ("detect/iterations/classifier/image", RED, {}, 400, "BadRequestInvalidPublishName"),
        ("classify/iterations/detector/image", RED, {}, 400, "BadRequestInvalidPublishName"),
        ("classify/iterations/classifier/image", b"<html>", {}, 400, "BadRequestImageFormat"),
        ("classify/iterations/classifier/image", b"x", NO_FORM, 400, "BadRequestImageFormat"),
        ("classify/iterations/classifier/image", b"", {}, 400, "BadRequestImageSizeBytes"),
        ("classify/iterations/classifier/image", LARGE, {}, 400, "BadRequestImageSizeBytes"),
        ("classify/iterations/classifier/url", {"url": "http://127.0.0.1:1/a"}, {}, 400, "BadRequestImageUrl"),
        ("classify/iterations/classifier/url", {"uri": 1}, {}, 400, "BadRequestImageUrl"),
        ("classify/iterations/classifier/url", b"x", {}, 400, "BadRequestImageUrl"),
        ("classify/iterations/classifier/image", RED, {"Prediction-Key": "no"}, 401, "PermissionDenied"),
        ("segment/iterations/classifier/image", RED, {}, 404, "404"),
    ],
)
def test_an_error_has_custom_visions_form_and_code(
    address: str, end: str, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    answer = _ask(address, end, body, headers)
    assert (answer.status, answer.json["code"], set(answer.json)) == (status, code, {"code", "message"})


def test_a_version_that_never_was_is_404(address: str) -> None:
    assert _ask(address, "classify/iterations/classifier/image", version="v3.5").status == 404
