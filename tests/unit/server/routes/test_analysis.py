"""`imageanalysis:analyze` as clients call it: bytes, forms, addresses; every task; every error of the service."""

import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from darkroom_server.app import build_app
from darkroom_server.config import PredictionLimits, ServerConfig
from tests.support.server.fixtures import LIMITS, RED
from tests.support.server.images import ImageHost
from tests.support.server.models import draw
from tests.support.server.parts import KEY, ModelFolders, some_parts
from tests.support.server.running import Answer, running, send

PATH = "/computervision/imageanalysis:analyze"
VERSION = "2023-04-01-preview"
KEYED = {"Ocp-Apim-Subscription-Key": KEY}
BYTES = KEYED | {"Content-Type": "application/octet-stream"}


def _ask(address: str, body: Any = RED, headers: dict[str, str] | None = None, /, **query: str) -> Answer:
    """Return the answer about a picture that is all red, by a classifier unless the query says otherwise."""
    named = {name.replace("_", "-"): value for name, value in query.items()}
    asked = urllib.parse.urlencode({"api-version": VERSION, "model-name": "classifier"} | named)
    return send(address, f"{PATH}?{asked}", body, BYTES if headers is None else headers)


@pytest.mark.parametrize("version", ["2023-02-01-preview", "2023-04-01-preview", "2023-10-01", "2024-02-01"])
def test_each_version_gets_the_same_answer(address: str, version: str) -> None:
    answer = _ask(address, api_version=version)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found = answer.json
    assert (found["modelVersion"], found["metadata"]) == ("v1", {"width": 160, "height": 80})
    values = found["customModelResult"]["tagsResult"]["values"]
    assert [value["name"] for value in values] == ["red", "green", "blue"]
    assert values[0]["confidence"] > 0.99


def test_a_detector_answers_boxes_in_whole_pixels(address: str) -> None:
    found = _ask(address, draw(("red", 0, 0), ("blue", 3, 2)), model_name="detector").json
    assert "tagsResult" not in found["customModelResult"]
    (first, second) = found["customModelResult"]["objectsResult"]["values"]
    assert {first["tags"][0]["name"], second["tags"][0]["name"]} == {"red", "blue"}
    red = first if first["tags"][0]["name"] == "red" else second
    assert red["boundingBox"] == {"x": 2, "y": 1, "w": 36, "h": 18}
    assert {first["id"], second["id"]} == {"1", "2"}


def test_a_detector_that_finds_nothing_answers_an_empty_list(address: str) -> None:
    found = _ask(address, draw(), model_name="detector").json
    assert found["customModelResult"] == {"objectsResult": {"values": []}}


def test_a_multilabel_classifier_answers_all_its_tags(address: str) -> None:
    values = _ask(address, model_name="multilabelclassifier").json["customModelResult"]["tagsResult"]["values"]
    assert [value["confidence"] for value in values] == [1.0, 0.5, 0.5]


def test_a_product_recognizer_answers_objects(address: str) -> None:
    found = _ask(address, draw(("red", 0, 0)), model_name="productrecognizer").json
    (product,) = found["customModelResult"]["objectsResult"]["values"]
    assert (product["tags"][0]["name"], product["boundingBox"]) == ("red", {"x": 0, "y": 0, "w": 40, "h": 20})


@pytest.mark.parametrize(
    ("features", "model", "repeated"),
    [
        ("tags", "classifier", "tagsResult"),
        ("Caption,TAGS", "classifier", "tagsResult"),
        ("tags,objects", "detector", "objectsResult"),
        ("objects", "classifier", None),
        ("", "classifier", None),
    ],
)
def test_what_features_ask_for_stands_at_the_top_as_well(
    address: str, features: str, model: str, repeated: str | None
) -> None:
    found = _ask(address, model_name=model, features=features).json
    top = {key for key in found if key.endswith("Result")} - {"customModelResult"}
    assert top == ({repeated} if repeated else set())
    assert repeated is None or found[repeated] == found["customModelResult"][repeated]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"model_name": "", "model_version": "classifier"}, id="a Model's name as model-version"),
        pytest.param({"model_version": "latest"}, id="the latest version"),
        pytest.param({"model_version": "2023-10-01"}, id="a date as version"),
        pytest.param({"language": "xx", "smartCrops_aspect_ratios": "9", "gender_neutral_caption": "?"}, id="the rest"),
    ],
)
def test_what_only_a_pretrained_model_would_look_at_is_ignored(address: str, query: dict[str, str]) -> None:
    assert _ask(address, **query).status == 200


def test_query_names_come_in_any_case_and_slashes_in_any_number(address: str) -> None:
    path = f"/computervision//imageanalysis:analyze?API-Version={VERSION}&Model-Name=classifier&overload=stream"
    assert send(address, path, RED, BYTES).status == 200


def test_a_model_is_named_by_its_digest_too(address: str, backend: ModelFolders) -> None:
    status: Any = backend.models["detector"].status
    assert "objectsResult" in _ask(address, model_name=status.artifacts.digest).json["customModelResult"]


PART = "Content-Disposition: form-data"
FORM = KEYED | {"Content-Type": "multipart/form-data; boundary=xyz"}


def _form(*parts: tuple[str, bytes], end: bytes = b"\r\n--xyz--\r\n") -> bytes:
    return b"".join(b"\r\n--xyz\r\n%s\r\n\r\n%s" % (head.encode(), data) for head, data in parts)[2:] + end


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(RED, KEYED, id="no content type"),
        pytest.param(RED, KEYED | {"Content-Type": "image/jpeg"}, id="a type that is another format's"),
        pytest.param(RED, KEYED | {"Content-Type": "application/x-www-form-urlencoded"}, id="curl's default"),
        pytest.param(_form((f"{PART}; name=f; filename=a.png", RED)), FORM, id="a file"),
        pytest.param(_form((f"{PART}; name=imageData", RED)), FORM, id="a part without a name"),
        pytest.param(_form((f"{PART}; name=a", b"t"), (f"{PART}; filename=x", RED)), FORM, id="a file after a field"),
    ],
)  # fmt: skip
def test_the_image_comes_in_any_form(address: str, body: bytes, headers: dict[str, str]) -> None:
    assert _ask(address, body, headers).status == 200


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "text/json", ""])
def test_the_image_is_fetched_by_its_address(address: str, images: ImageHost, content_type: str) -> None:
    headers = KEYED | ({"Content-Type": content_type} if content_type else {})
    for body in (f'{{"url": "{images.url}/red.png"}}', f"{{'Url': '{images.url}/red.png',}}"):
        assert _ask(address, body.encode(), headers).status == 200


JSON = KEYED | {"Content-Type": "application/json"}
NO_MODEL = {"model_name": ""}
RATIOS = {"features": "smartCrops", "smartcrops_aspect_ratios": "1,1.9"}
NO_BOUNDARY = KEYED | {"Content-Type": "multipart/form-data"}
REFUSED: dict[str, tuple[bytes, dict[str, str], dict[str, str], str | None]] = {
    "an empty body": (b"", BYTES, {}, "InvalidImageSize"),
    "too many bytes": (b"x" * (LIMITS.image_bytes + 1), BYTES, {}, "InvalidImageSize"),
    "bytes that are no image": (b"<html>", BYTES, {}, "InvalidImageFormat"),
    "a part of an image": (draw(("red", 1, 1))[:120], BYTES, {}, "InvalidImageSize"),
    "an image of 49 pixels": (draw(size_px=(49, 90)), BYTES, {}, "InvalidImageSize"),
    "another content type": (RED, KEYED | {"Content-Type": "text/plain"}, {}, None),
    "a form without end": (_form((f"{PART}; name=a", RED), end=b""), FORM, {}, None),
    "a form without boundary": (RED, NO_BOUNDARY, {}, None),
    "a form with an empty part": (_form((f"{PART}; name=a", b"")), FORM, {}, "InvalidImageSize"),
    "a form without parts": (b"--xyz--\r\n", FORM, {}, None),
    "JSON that is none": (b"{", JSON, {}, None),
    "JSON without url": (b"{}", JSON, {}, None),
    "an address that is none": (b'{"url": "red.png"}', JSON, {}, "InvalidImageUrl"),
    "an address of this machine": (b'{"url": "http://127.0.0.1:1/"}', JSON, {}, "InvalidImageUrl"),
    "neither model nor features": (RED, BYTES, NO_MODEL, None),
    "features alone": (RED, BYTES, NO_MODEL | {"features": "tags"}, None),
    "a feature of no version": (RED, BYTES, {"features": "smell"}, "NotSupportedVisualFeature"),
    "a language of no version": (RED, BYTES, NO_MODEL | {"language": "xx"}, "NotSupportedLanguage"),
    "a ratio out of range": (RED, BYTES, NO_MODEL | RATIOS, "BadArgument"),
}


@pytest.mark.parametrize(("body", "headers", "query", "inner"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_answered_is_400_with_the_services_codes(
    address: str, body: bytes, headers: dict[str, str], query: dict[str, str], inner: str | None
) -> None:
    answer = _ask(address, body, headers, **query)
    error = answer.json["error"]
    assert (answer.status, error["code"], answer.headers["x-ms-error-code"]) == (400, "InvalidRequest", error["code"])
    assert error.get("innererror", {}).get("code") == inner


def test_a_version_that_is_unknown_is_400(address: str) -> None:
    answer = _ask(address, api_version="2020-01-01")
    assert (answer.status, answer.json["error"]["code"]) == (400, "UnsupportedApiVersion")


@pytest.mark.parametrize("headers", [{}, {"Ocp-Apim-Subscription-Key": ""}, {"Authorization": f"Bearer {KEY}"}])
def test_without_a_key_nothing_is_told(address: str, headers: dict[str, str]) -> None:
    answer = _ask(address, RED, headers, model_name="nothing", api_version="?")
    assert (answer.status, answer.json["error"]["code"]) == (401, "PermissionDenied")


@pytest.mark.parametrize(
    "name", ["nothing", "elsewhere", "..", "../classifier", "a/b", "x" * 300, "\ud800", "ä", "a\r\nb"]
)
def test_a_model_that_is_not_there_is_404(address: str, name: str) -> None:
    quoted = urllib.parse.quote(name, safe="", errors="surrogatepass")
    answer = send(address, f"{PATH}?api-version={VERSION}&model-name={quoted}", RED, BYTES)
    assert (answer.status, answer.json["error"]["code"]) == (404, "404")


@pytest.mark.parametrize(
    ("name", "says"), [("young", "Training (PullingImage)"), ("dead", "Failed (TrainingDiverged): it said so")]
)
def test_a_model_that_has_not_succeeded_is_409_with_its_phase_and_reason(address: str, name: str, says: str) -> None:
    answer = _ask(address, model_name=name)
    assert (answer.status, answer.json["error"]["code"]) == (409, "ModelNotReady")
    assert says in answer.json["error"]["message"]


def test_beyond_what_may_wait_is_429_with_a_time_to_come_again(backend: ModelFolders) -> None:
    slow = draw(size_px=(9000, 9000))
    config = ServerConfig(prediction=PredictionLimits(threads=1, max_waiting=1))
    with running(build_app(some_parts(backend, config))) as address, ThreadPoolExecutor(4) as pool:
        _ask(address)
        answers = list(pool.map(lambda _: _ask(address, slow), range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 429, 429]
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.json["error"]["code"] == "TooManyRequests"
    assert int(refused.headers["retry-after"]) >= 1


def test_each_prediction_is_counted_by_model_and_status(backend: ModelFolders) -> None:
    counted: list[tuple[str, str | None, int]] = []
    parts = some_parts(backend, count=lambda *what: counted.append(what[:3]))
    with running(build_app(parts)) as address:
        for name in ("classifier", "nothing", "young"):
            _ask(address, model_name=name)
    expected = [("default", "classifier", 200), ("default", None, 404), ("default", "young", 409)]
    assert counted == expected
