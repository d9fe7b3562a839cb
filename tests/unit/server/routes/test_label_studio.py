"""Label Studio's backend protocol, as the real one calls it: its paths, its answers, and what is refused."""

import base64
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_labels.label_studio import build_control
from tests.support.labelling import build_labelling
from tests.support.server.images import ImageHost
from tests.support.server.models import LABELS, draw
from tests.support.server.parts import KEY, ModelFolders
from tests.support.server.running import Answer, send

BASIC = {"Authorization": "Basic " + base64.b64encode(f"darkroom:{KEY}".encode()).decode()}
PROJECT = "3.1764500000"
BOXES = build_labelling(build_control(Task.DETECTOR, LABELS))
CHOICES = build_labelling(build_control(Task.CLASSIFIER, LABELS))
GREEN = draw(("green", 1, 2))


@pytest.fixture(scope="module", autouse=True)
def bucket(backend: ModelFolders) -> Iterator[None]:
    backend.images["s3://vision/green.png"] = GREEN
    yield
    backend.images.clear()


def ask(address: str, action: str, body: dict[str, Any], model: str = "detector") -> Answer:
    return send(address, f"/labelstudio/{model}/{action}", body, BASIC)


def predict(
    address: str, *images: Any, config: str = BOXES, model: str = "detector", project: str = PROJECT
) -> list[Any]:
    tasks = [{"id": at, "data": {"image": image}} for at, image in enumerate(images, start=1)]
    found = ask(address, "predict", {"tasks": tasks, "project": project, "label_config": config, "params": {}}, model)
    assert found.status == 200
    results: list[Any] = found.json["results"]
    return results


def find_digest(backend: ModelFolders) -> str | None:
    status = backend.models["detector"].status
    assert isinstance(status, ModelStatus)
    assert status.artifacts is not None
    return status.artifacts.digest


def test_the_health_check_needs_no_key_and_tells_nothing_of_models(address: str) -> None:
    for model in ("detector", "nowhere"):
        found = send(address, f"/labelstudio/{model}/health")
        assert (found.status, found.json) == (200, {"status": "UP"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic " + base64.b64encode(b"darkroom:wrong-key-0123456789").decode()},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"Authorization": "Basic " + base64.b64encode(KEY.encode()).decode()},
    ],
    ids=["none", "a wrong one", "not base64", "not text", "as the user"],
)
@pytest.mark.parametrize(("action", "body"), [("setup", {}), ("predict", {"tasks": []}), ("versions", None)])
def test_everything_else_needs_the_key_as_password(
    address: str, action: str, body: dict[str, Any] | None, headers: dict[str, str]
) -> None:
    assert send(address, f"/labelstudio/detector/{action}", body, headers).status == 401


def test_a_setup_answers_the_digest_of_the_model_s_files(address: str, backend: ModelFolders) -> None:
    found = ask(address, "setup", {"project": PROJECT, "schema": BOXES, "hostname": "", "access_token": "x"})
    assert (found.status, found.json) == (
        200,
        {"model_version": find_digest(backend), "tags_left_out": 0, "left_out": []},
    )


def test_a_setup_counts_and_logs_the_tags_that_the_configuration_lacks(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = build_labelling(build_control(Task.DETECTOR, ("red", "mauve")))
    found = ask(address, "setup", {"project": PROJECT, "schema": config})
    assert (found.json["tags_left_out"], found.json["left_out"]) == (2, ["green", "blue"])
    assert "lacks 2 tags" in caplog.text
    assert predict(address, "s3://vision/green.png", config=config)[0]["result"] == []


@pytest.mark.parametrize(
    ("model", "body", "status", "reason"),
    [
        ("detector", {"schema": CHOICES}, 400, "asks for choices, and Model detector is a detector; label with Rect"),
        ("classifier", {"schema": BOXES}, 400, "asks for rectanglelabels, and Model classifier is a classifier"),
        ("detector", {"schema": "<View></View>"}, 400, "no RectangleLabels"),
        ("detector", {"schema": "<View"}, 400, "not XML"),
        ("detector", {"schema": 7}, 400, "not XML"),
        ("detector", {}, 400, "not XML"),
        ("nowhere", {"schema": BOXES}, 404, "no Model 'nowhere'"),
        ("young", {"schema": BOXES}, 409, "cannot answer, it is Training"),
    ],
)
def test_a_setup_that_cannot_work_is_refused_and_the_reason_logged(
    address: str, caplog: pytest.LogCaptureFixture, model: str, body: dict[str, Any], status: int, reason: str
) -> None:
    found = ask(address, "setup", {"project": PROJECT, **body}, model)
    assert (found.status, reason in found.json["error"]["message"]) == (status, True)
    assert reason[:40] in caplog.text.replace("\\'", "'")


def test_tasks_are_answered_in_order_each_with_its_image(
    address: str, images: ImageHost, backend: ModelFolders
) -> None:
    green, red = predict(address, "s3://vision/green.png", f"{images.url}/red.png")
    (item,) = green["result"]
    assert item["value"].pop("rectanglelabels") == ["green"]
    assert item["value"] == pytest.approx({"x": 26.2, "y": 51.2, "width": 22.6, "height": 22.6, "rotation": 0}, abs=0.1)
    assert (item["original_width"], item["original_height"]) == (160, 80)
    assert (green["score"], green["model_version"]) == (item["score"], find_digest(backend))
    assert {tag for item in red["result"] for tag in item["value"]["rectanglelabels"]} == {"red"}


def test_one_image_that_cannot_be_looked_at_is_an_empty_result_with_a_logged_reason(
    address: str, images: ImageHost, caplog: pytest.LogCaptureFixture
) -> None:
    bad = ("s3://vision/nothing.png", f"{images.url}/page.html", "http://10.0.0.1/a.png", None, 7, "C:\\a.png", "")
    results = predict(address, *bad, "s3://vision/green.png")
    assert [found["result"] for found in results[:-1]] == [[]] * len(bad)
    assert len(results[-1]["result"]) == 1
    for number in range(1, len(bad) + 1):
        assert f"task {number}:" in caplog.text


def test_of_many_tasks_that_cannot_be_answered_the_first_are_logged(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(predict(address, *[None] * 50)) == 50
    assert [caplog.text.count(f"task {number}:") for number in (1, 20, 21, 50)] == [1, 1, 0, 0]
    assert caplog.text.count("further ones are not logged") == 1


def test_tasks_that_are_none_are_empty_results(address: str) -> None:
    body: dict[str, Any] = {"tasks": [None, 3, {}, {"data": []}], "project": PROJECT, "label_config": BOXES}
    assert [found["result"] for found in ask(address, "predict", body).json["results"]] == [[], [], [], []]


@pytest.mark.parametrize("choice", ["single", "multiple"])
def test_a_classifier_answers_its_best_tag(address: str, images: ImageHost, choice: str) -> None:
    config = CHOICES.replace('"single"', f'"{choice}"')
    (found,) = predict(address, f"{images.url}/red.png", config=config, model="classifier")
    assert [item["value"] for item in found["result"]] == [{"choices": ["red"]}]


def test_a_multilabel_classifier_answers_the_tags_that_it_holds_likely(address: str, images: ImageHost) -> None:
    config = build_labelling(build_control(Task.MULTILABEL_CLASSIFIER, LABELS))
    (found,) = predict(address, f"{images.url}/red.png", config=config, model="multilabelclassifier")
    assert found["result"][0]["value"]["choices"][0] == "red"
    assert found["score"] >= 0.5


def test_a_file_of_label_studio_s_own_is_read_with_the_token_of_the_setup(address: str, images: ImageHost) -> None:
    (before,) = predict(address, "/red.png", project="8.1")
    assert before == []
    setup = {"project": "8.1", "schema": BOXES, "hostname": images.url, "access_token": "secret-token"}
    assert ask(address, "setup", setup).status == 200
    (found,) = predict(address, "/red.png", project="8.1")
    assert found["result"]
    (other,) = predict(address, "/red.png", project="9.1")
    assert other == []


@pytest.mark.parametrize(
    "body",
    [
        {"tasks": None, "label_config": BOXES},
        {"tasks": {}, "label_config": BOXES},
        {"tasks": [], "label_config": None},
        {"tasks": [], "label_config": CHOICES},
        {"tasks": [{}] * 10_001, "label_config": BOXES},
        b"[]",
        b"{'a': 1}",
        b"{" * 100,
        b"[" * 60_000,
        b'{"tasks": NaN}',
        b'{"project": "\\ud800"}',
        b"\xff",
        b"",
    ],
)
def test_a_bad_body_is_refused_and_never_breaks_the_server(address: str, body: Any) -> None:
    for action in ("predict", "setup"):
        found = send(address, f"/labelstudio/detector/{action}", body, BASIC)
        assert found.status == 400
        json.loads(found.body)


def test_no_tasks_have_no_answers(address: str) -> None:
    assert predict(address) == []


def test_events_and_trainings_are_taken_and_ignored(address: str) -> None:
    bodies: tuple[dict[str, Any], ...] = (
        {"action": "START_TRAINING", "project": {"id": 3}},
        {"action": "ANNOTATION_CREATED"},
        {},
    )
    for body in bodies:
        assert ask(address, "webhook", body).status == 200
        assert send(address, "/labelstudio/detector/webhook", body).status == 200
    found = send(address, "/labelstudio/detector/versions", None, BASIC)
    assert (found.status, found.json) == (200, {"versions": []})


def test_the_log_shows_no_token(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    setup = {"project": "10.1", "schema": BOXES, "hostname": "http://127.0.0.1:1", "access_token": "secret-token"}
    ask(address, "setup", setup)
    assert predict(address, "/a.png", project="10.1")[0]["result"] == []
    assert "secret-token" not in caplog.text
