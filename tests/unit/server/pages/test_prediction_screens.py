"""The review of a Prediction: what is shown, saved, refused and handed out."""

import json
import pathlib
from typing import Any

import pytest
from starlette.requests import Request

from darkroom_server.auth.admission import Caller, Verb
from darkroom_server.auth.keys import Key, KeyAdmission
from darkroom_server.backends.backend import Kind
from darkroom_server.http.problems import Problem
from tests.support.server.browsing import Browser, signed_in
from tests.support.server.finished import finish_model, finish_prediction
from tests.support.server.local import LocalServer, serving
from tests.support.server.parts import KEY, NAMESPACE
from tests.support.server.results import create
from tests.support.server.running import Answer

MOVED = {"tag": "pear", "box": [0.5, 0.5, 0.2, 0.2]}


def _accept(number: int = 0, *labels: dict[str, Any], review: str = "accepted") -> list[dict[str, Any]]:
    return [{"number": number, "review": review, "labels": list(labels)}]


def _save(browser: Browser, version: str, images: Any) -> Answer:
    return browser.put("/predictions/rest/review", {"version": version, "images": images})


def test_the_most_unsure_picture_comes_first_and_those_without_a_picture_are_counted(server: LocalServer) -> None:
    finish_prediction(server)
    browser = signed_in(server.address)
    page = browser.get("/predictions/rest").body.decode()
    assert ('data-may-save="yes"' in page, "review.js" in page, "3 images" in page) == (True, True, True)
    found = browser.get("/predictions/rest/review").json
    assert [one["name"] for one in found["images"]] == ["a.png", "b.png"]
    assert (found["unseen"], found["version"], found["tags"]) == (1, "", ["apple", "pear"])
    assert found["images"][0]["labels"] == [{"tag": "apple", "box": [0.1, 0.2, 0.3, 0.4], "score": 0.55}]


def test_what_is_saved_is_in_the_bucket_and_comes_back(server: LocalServer) -> None:
    folder = finish_prediction(server)
    browser = signed_in(server.address)
    saved = _save(browser, "", _accept(0, MOVED))
    assert saved.json["counts"] == {"pending": 2, "accepted": 1, "rejected": 0}
    written = json.loads((folder / "reviewed.json").read_text())
    assert [image["review"] for image in written["images"]] == ["accepted", "pending", "pending"]
    assert written["annotations"] == [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [0.5, 0.5, 0.2, 0.2]}]
    found = browser.get("/predictions/rest/review").json
    assert (found["version"], found["images"][0]["labels"][0]["tag"]) == (saved.json["version"], "pear")
    assert _save(browser, saved.json["version"], _accept(1, review="rejected")).status == 200


def test_a_second_reviewer_overwrites_nothing(server: LocalServer) -> None:
    folder = finish_prediction(server)
    first, second = signed_in(server.address), signed_in(server.address)
    assert _save(first, "", _accept(0, MOVED)).status == 200
    before = (folder / "reviewed.json").read_bytes()
    refused = _save(second, "", _accept(1, review="rejected"))
    assert (refused.status, "nothing of yours is lost" in refused.json["error"]["message"]) == (409, True)
    assert (folder / "reviewed.json").read_bytes() == before
    version = second.get("/predictions/rest/review").json["version"]
    assert _save(second, version, _accept(1, review="rejected")).json["counts"]["accepted"] == 1


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (_accept(9), "there is no image 9"),
        (_accept(0, review="perhaps"), "give a review"),
        (_accept(0, {"tag": "melon", "box": None}), "'melon' is none of the tags"),
        (_accept(0, {"tag": "pear", "box": [0.9, 0, 0.5, 0.1]}), "reaches outside"),
        ("all", "give a list"),
    ],
)
def test_what_cannot_be_labels_is_refused_and_not_written(server: LocalServer, images: Any, says: str) -> None:
    folder = finish_prediction(server)
    answer = _save(signed_in(server.address), "", images)
    assert (answer.status, says in answer.json["error"]["message"]) == (400, True)
    assert not (folder / "reviewed.json").exists()


def test_another_site_saves_nothing(server: LocalServer) -> None:
    folder = finish_prediction(server)
    browser = signed_in(server.address)
    browser.headers = {"Origin": "https://evil.example"}
    assert _save(browser, "", _accept()).status == 403
    assert not (folder / "reviewed.json").exists()


def test_accepted_pictures_are_handed_out_also_those_without_a_label(server: LocalServer) -> None:
    folder = finish_prediction(server)
    finish_model(server)
    browser = signed_in(server.address)
    _save(browser, "", [*_accept(0, MOVED), *_accept(1), *_accept(2, review="rejected")])
    answer = browser.get("/predictions/rest/labels.json")
    assert [image["file_name"] for image in answer.json["images"]] == ["a.png", "b.png"]
    assert answer.headers["content-disposition"] == 'attachment; filename="rest-labels.json"'
    page = browser.get("/predictions/rest").body.decode()
    assert f"{folder.as_uri()}/reviewed.json" in page
    assert "task: detector" in page


def test_the_manifest_of_a_retraining_reaches_the_bucket_as_the_models_dataset_does(server: LocalServer) -> None:
    finish_prediction(server)
    finish_model(server)
    storage = {"endpoint": "http://s3.storage.svc:9000", "credentialsSecret": "darkroom-bucket"}
    spec = {"annotationKind": "imageObjectDetection", "annotationFiles": ["s3://vision/a.json"], "storage": storage}
    create(server, "Dataset", "fruit", spec)
    assert "credentialsSecret: darkroom-bucket" in signed_in(server.address).get("/predictions/rest").body.decode()


def test_a_prediction_that_answers_still_shows_its_phase_and_no_review(server: LocalServer) -> None:
    create(server, "Prediction", "young", {"model": "sorter", "images": {"uri": "s3://vision/new"}})
    browser = signed_in(server.address)
    page = browser.get("/predictions/young").body
    assert (b"Queued" in page, b"review.js" in page) == (True, False)
    assert b"/ui/predictions/young" in browser.get("/predictions").body
    assert browser.get("/predictions/young/review").status == 404


class _Reader(KeyAdmission):
    """Lets a key look, and do no more, as RBAC may."""

    async def admit(self, request: Request, verb: Verb, kind: Kind) -> Caller:
        caller = await super().admit(request, verb, kind)
        if verb not in ("get", "list"):
            raise Problem(403, "PermissionDenied", f"you may not {verb} {kind}s")
        return caller


def test_whoever_may_only_look_sees_the_review_and_saves_nothing(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path / "state", admission=_Reader([Key("a", NAMESPACE, KEY)])) as server:
        folder = finish_prediction(server)
        browser = signed_in(server.address)
        assert b'data-may-save="no"' in browser.get("/predictions/rest").body
        assert _save(browser, "", _accept(0, MOVED)).status == 403
        assert not (folder / "reviewed.json").exists()
        assert b"Apply it now" not in browser.get("/new").body
