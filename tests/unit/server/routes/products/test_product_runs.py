"""Product-recognition runs over HTTP, kept in a folder and in a bucket: what is taken, told and refused."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom_server.app import build_app
from darkroom_server.backends.backend import Unavailable
from darkroom_server.backends.folder import ResultFolder
from darkroom_server.config import BodyLimits, FetchLimits, PredictionLimits, RunLimits, ServerConfig
from darkroom_server.routes.parts import build_parts
from darkroom_server.runs.record import build_key
from tests.support.server.images import ImageHost
from tests.support.server.local import OTHER_KEY, build_keys
from tests.support.server.models import draw
from tests.support.server.parts import KEY, NAMESPACE, ModelFolders
from tests.support.server.running import running, send
from tests.support.server.runs import MODEL, call, wait_for_end

SHELF = draw(("red", 0, 0), ("blue", 2, 1), size_px=(160, 80))
BUILT_IN = "ms-pretrained-product-detection"
RUNS = f"/{MODEL}/runs"
COUNTED: list[tuple[Any, ...]] = []


def a_config(images: ImageHost, **changes: Any) -> ServerConfig:
    limits = {"runs": RunLimits(built_in=(NAMESPACE, MODEL)), **changes}
    bodies = BodyLimits(image_bytes=1_000_000, seconds=5)
    return ServerConfig(bodies, fetching=FetchLimits(allowed_prefixes=(f"{images.url}/",)), **limits)


@pytest.fixture
def shop(backend: ModelFolders, images: ImageHost, runs_folder: ResultFolder) -> Iterator[str]:
    """Return the address of a server that keeps runs."""
    backend.runs = runs_folder
    COUNTED.clear()
    parts = build_parts(backend, build_keys(), a_config(images), lambda *what: COUNTED.append(what[:3]))
    with running(build_app(parts)) as address:
        yield address
    backend.runs = None


def test_a_run_is_answered_at_once_and_told_until_it_is_deleted(shop: str) -> None:
    asked = call(shop, "PUT", f"{RUNS}/Shelf_1", SHELF, content_type="image/jpeg")
    assert asked.status == 201
    assert set(asked.json) == {"runName", "modelName", "status", "createdDateTime", "updatedDateTime"}
    assert (asked.json["runName"], asked.json["modelName"]) == ("Shelf_1", MODEL)
    assert asked.json["status"] == "notStarted"
    assert asked.json["createdDateTime"].endswith("Z")
    ended = wait_for_end(shop, f"{RUNS}/Shelf_1")
    assert (ended["status"], "error" in ended) == ("succeeded", False)
    assert ended["result"]["imageMetadata"] == {"width": 160, "height": 80}
    found = ended["result"]["products"]
    assert [product["boundingBox"] for product in found] == [
        {"x": 0, "y": 0, "w": 40, "h": 20}, {"x": 80, "y": 20, "w": 40, "h": 20},
    ]  # fmt: skip
    assert [product["tags"][0]["name"] for product in found] == ["red", "blue"]
    assert call(shop, "DELETE", f"{RUNS}/Shelf_1").status == 204
    gone = call(shop, "GET", f"{RUNS}/Shelf_1")
    assert (gone.status, gone.json["error"]["code"]) == (404, "404")
    assert "no run Shelf_1 of Model" in gone.json["error"]["message"]
    assert call(shop, "DELETE", f"{RUNS}/Shelf_1").status == 404
    assert COUNTED == [(NAMESPACE, MODEL, 200)]


def test_a_name_is_taken_once_and_counted_when_it_is_refused(shop: str) -> None:
    assert call(shop, "POST", f"/{MODEL}//runs/r", SHELF).status == 201
    wait_for_end(shop, f"{RUNS}/r")
    again = call(shop, "PUT", f"{RUNS}/r", SHELF)
    assert (again.status, again.json["error"]["code"]) == (409, "RunAlreadyExists")
    assert "delete it first" in again.json["error"]["message"]
    assert (NAMESPACE, MODEL, 409) in COUNTED


def test_an_address_is_fetched_at_once_and_kept_nowhere(
    shop: str, images: ImageHost, runs_folder: ResultFolder
) -> None:
    address = f"{images.url}/red.png?sig=made-up-signature"
    asked = call(shop, "PUT", f"{RUNS}/r", {"Url": address})
    assert asked.status == 201, asked.body
    assert images.asked[-1].endswith("signature")
    ended = wait_for_end(shop, f"{RUNS}/r")
    assert ended["status"] == "succeeded"
    assert "signature" not in json.dumps(ended)
    (name,) = [name for name in asyncio.run(runs_folder.list_names()) if name.endswith(".json")]
    assert b"signature" not in asyncio.run(runs_folder.read(name, 10_000)).data


def test_the_built_in_model_is_the_administrators_for_every_namespace(shop: str) -> None:
    for key in (KEY, OTHER_KEY):
        assert call(shop, "PUT", f"/{BUILT_IN}/runs/r", SHELF, key=key).status == 201
        assert call(shop, "PUT", f"/{BUILT_IN}/runs/r", SHELF, key=key).status == 409
        ended = wait_for_end(shop, f"/{BUILT_IN}/runs/r", key=key)
        assert ended["modelName"] == BUILT_IN
        assert {product["tags"][0]["name"] for product in ended["result"]["products"]} == {"product"}
    assert {counted[:2] for counted in COUNTED} == {(NAMESPACE, MODEL)}


def test_a_key_of_another_namespace_sees_no_run(shop: str) -> None:
    call(shop, "PUT", f"/{BUILT_IN}/runs/r", SHELF)
    wait_for_end(shop, f"/{BUILT_IN}/runs/r")
    for method in ("GET", "DELETE"):
        assert call(shop, method, f"/{BUILT_IN}/runs/r", key=OTHER_KEY).status == 404
    assert call(shop, "GET", f"/{BUILT_IN}/runs", key=OTHER_KEY).json == {"value": []}
    for method in ("GET", "PUT", "DELETE"):
        assert call(shop, method, f"/{BUILT_IN}/runs/r", SHELF if method == "PUT" else None, key="x" * 20).status == 401


def test_the_runs_of_a_model_are_listed_newest_first_in_pages(shop: str) -> None:
    for name in ("a", "b", "c"):
        call(shop, "PUT", f"{RUNS}/{name}", SHELF)
        wait_for_end(shop, f"{RUNS}/{name}")
    call(shop, "PUT", f"/{BUILT_IN}/runs/d", SHELF)
    first = call(shop, "GET", f"{RUNS}?top=2").json
    assert [run["runName"] for run in first["value"]] == ["c", "b"]
    assert all("result" in run for run in first["value"])
    assert "skip=2" in first["nextLink"]
    assert [run["runName"] for run in call(shop, "GET", f"{RUNS}?skip=2").json["value"]] == ["a"]
    assert call(shop, "GET", f"{RUNS}?top=31").status == 400


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "said"),
    [
        (f"{RUNS}/r r", SHELF, 400, "InvalidRequest", "is not a name"),
        (f"{RUNS}/{'r' * 256}", SHELF, 400, "InvalidRequest", "255 characters"),
        ("/a b/runs/r", SHELF, 400, "InvalidRequest", "is not a name"),
        ("/nothing/runs/r", SHELF, 404, "404", "no Model 'nothing'"),
        ("/detector/runs/r", SHELF, 409, "ModelNotUsable", "has the task detector"),
        ("/sown/runs/r", SHELF, 409, "ModelNotReady", "it is Training"),
        (f"{RUNS}/r", b"", 400, "InvalidRequest", "0 bytes"),
        (f"{RUNS}/r", b"x" * 1_000_001, 400, "InvalidRequest", "larger than"),
        (f"{RUNS}/r", b"<html>", 400, "InvalidRequest", "is not an image"),
        (f"{RUNS}/r", {"url": "http://127.0.0.1:1/a.png"}, 400, "InvalidRequest", "not public"),
        (f"{RUNS}/r", {"colour": "red"}, 400, "InvalidRequest", "names no address"),
    ],
)
def test_what_cannot_become_a_run_is_refused_at_once_and_keeps_no_name(
    path: str, body: Any, status: int, code: str, said: str, shop: str
) -> None:
    refused = call(shop, "PUT", path.replace(" ", "%20"), body)
    assert (refused.status, refused.json["error"]["code"]) == (status, code)
    assert said in refused.json["error"]["message"]
    assert call(shop, "GET", f"{RUNS}/r").status == 404


def test_a_picture_that_is_cut_off_becomes_a_run_that_fails_in_words(shop: str) -> None:
    call(shop, "PUT", f"{RUNS}/r", SHELF[:-60])
    ended = wait_for_end(shop, f"{RUNS}/r")
    assert (ended["status"], ended["error"]["code"], "result" in ended) == ("failed", "invalidImage", False)
    assert "truncated or damaged" in ended["error"]["message"]


def test_a_version_is_asked_for(shop: str) -> None:
    path = f"/computervision/productrecognition{RUNS}/r"
    answer = send(shop, path, SHELF, {"Ocp-Apim-Subscription-Key": KEY}, "PUT")
    assert (answer.status, answer.json["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_a_list_of_a_model_that_is_not_there_says_so(shop: str) -> None:
    assert call(shop, "GET", "/nothing/runs").status == 404
    assert call(shop, "GET", RUNS).json == {"value": []}


def test_without_a_place_or_a_built_in_model_the_answer_names_the_setting(
    backend: ModelFolders, images: ImageHost, runs_folder: ResultFolder
) -> None:
    with running(build_app(build_parts(backend, build_keys(), a_config(images, runs=RunLimits())))) as address:
        for method, path in (("PUT", f"{RUNS}/r"), ("GET", f"{RUNS}/r"), ("DELETE", f"{RUNS}/r"), ("GET", RUNS)):
            answer = call(address, method, path, SHELF if method == "PUT" else None)
            assert answer.status == 404
            assert "server.runs.uri" in answer.json["error"]["message"]
        backend.runs = runs_folder
        answer = call(address, "PUT", f"/{BUILT_IN}/runs/r", SHELF)
        backend.runs = None
    assert answer.status == 404
    assert "server.runs.builtInModel" in answer.json["error"]["message"]


def test_a_queue_that_is_full_says_when_to_come_again(
    backend: ModelFolders, images: ImageHost, runs_folder: ResultFolder
) -> None:
    backend.runs = runs_folder
    config = a_config(images, prediction=PredictionLimits(threads=1, max_waiting=0))
    parts = build_parts(backend, build_keys(), config)
    with parts.models.hold_place(NAMESPACE), running(build_app(parts)) as address:
        answer = call(address, "PUT", f"{RUNS}/r", SHELF)
        missing = call(address, "GET", f"{RUNS}/r").status
    backend.runs = None
    assert (answer.status, answer.headers["retry-after"], missing) == (429, "1", 404)


def test_a_run_whose_record_is_damaged_says_what_is_wrong_and_can_be_deleted(
    shop: str, runs_folder: ResultFolder
) -> None:
    for name in ("whole", "r"):
        call(shop, "PUT", f"{RUNS}/{name}", SHELF)
        wait_for_end(shop, f"{RUNS}/{name}")
    damaged = f"{build_key(NAMESPACE, MODEL, 'r')}.json"
    asyncio.run(runs_folder.put(damaged, b'{"namespace"'))
    for method in ("GET", "PUT"):
        answer = call(shop, method, f"{RUNS}/r", SHELF if method == "PUT" else None)
        assert (answer.status, answer.json["error"]["code"]) == (500, "RunNotReadable")
        assert answer.json["error"]["target"] == "runName"
        assert f"record of run r of Model {MODEL} is damaged (Invalid JSON" in answer.json["error"]["message"]
        assert "delete the run" in answer.json["error"]["message"]
    assert call(shop, "GET", RUNS).status == 200
    assert call(shop, "DELETE", f"{RUNS}/r").status == 204
    assert call(shop, "GET", f"{RUNS}/r").status == 404
    assert [run["runName"] for run in call(shop, "GET", RUNS).json["value"]] == ["whole"]


def test_a_store_that_does_not_answer_is_a_503_without_its_address(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable("s3://secret-bucket/runs could not be reached")

    for name in ("read", "list_names", "write"):
        monkeypatch.setattr(ResultFolder, name, fail)
    for method, path in (("PUT", f"{RUNS}/r"), ("GET", f"{RUNS}/r"), ("DELETE", f"{RUNS}/r"), ("GET", RUNS)):
        answer = call(shop, method, path, SHELF if method == "PUT" else None)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert b"secret-bucket" not in answer.body
