"""A new Model: its manifest to copy, and applied where the person may."""

import pytest
import yaml

from tests.support.server.browsing import Browser, signed_in
from tests.support.server.finished import finish_dataset, finish_model
from tests.support.server.local import LocalServer
from tests.support.server.results import create

FORM = {
    "name": "sorter", "task": "detector", "dataset": "fruit", "files": "s3://vision/a.json\n s3://vision/b.json ",
    "secret": "darkroom-bucket", "budget": "30m", "evaluation": "", "class": "",
}  # fmt: skip


def _read_manifests(page: str) -> list[object]:
    text = page.partition('id="manifest"')[2].partition("<code>")[2].partition("</code>")[0]
    return list(yaml.safe_load_all(text.replace("&#39;", "'")))


def test_the_manifest_is_written_to_copy_and_nothing_is_made(server: LocalServer) -> None:
    page = signed_in(server.address).post("/new", {**FORM, "action": "write"}).body.decode()
    dataset, model = _read_manifests(page)
    assert dataset["spec"]["annotationFiles"] == ["s3://vision/a.json", "s3://vision/b.json"]  # type: ignore[index]
    assert model["spec"] == {"task": "detector", "dataset": "fruit", "budget": "30m"}  # type: ignore[index]
    assert server.backend.store.list_all("Model", "default") == []


def test_applying_makes_both_and_leads_to_the_model(server: LocalServer) -> None:
    answer = signed_in(server.address).post("/new", {**FORM, "action": "apply"})
    assert (answer.status, answer.headers["location"]) == (303, "/ui/models/sorter")
    assert server.find("Model", "sorter").spec.to_json()["budget"] == "30m"
    assert server.find("Dataset", "fruit").spec.to_json()["storage"] == {"credentialsSecret": "darkroom-bucket"}


def test_a_model_on_a_dataset_that_is_there_needs_no_files(server: LocalServer) -> None:
    spec = {"annotationKind": "imageObjectDetection", "annotationFiles": ["s3://vision/train.json"]}
    create(server, "Dataset", "fruit", spec)
    browser = signed_in(server.address)
    assert b'<option value="fruit">' in browser.get("/new").body
    assert browser.post("/new", {**FORM, "files": "", "action": "apply"}).status == 303


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "Not A Name", "write small letters"),
        ("budget", "soon", "String should match pattern"),
        ("budget", "9999h", "at most 1344h"),
        ("evaluation", "fruit", "must differ from dataset"),
        ("task", "painter", "Input should be"),
        ("files", "ftp://a/b.json", "String should match pattern"),
        ("files", "s3://a/b.json\ns3://a/b.json", "each file may be named once"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(server: LocalServer, field: str, value: str, says: str) -> None:
    answer = signed_in(server.address).post("/new", {**FORM, field: value, "action": "apply"})
    body = answer.body.decode()
    said = body.partition(f'id="{field}-problem">')[2].partition("<")[0]
    assert (answer.status, says in said) == (400, True), said
    assert server.backend.store.list_all("Model", "default") == []


@pytest.mark.parametrize("file", ["file:///etc/passwd", "https://127.0.0.1/a.json\nhttps://127.0.0.1/a.json"])
def test_files_that_the_rest_route_would_not_take_are_not_taken_here(server: LocalServer, file: str) -> None:
    answer = signed_in(server.address).post("/new", {**FORM, "files": file, "secret": "", "action": "apply"})
    assert answer.status == 400
    assert server.backend.store.list_all("Dataset", "default") == []


def test_which_folders_are_allowed_is_told_to_nobody_who_has_not_signed_in(server: LocalServer) -> None:
    answer = Browser(server.address).post("/new", {**FORM, "files": "file:///etc/passwd", "action": "apply"})
    assert (answer.status, answer.headers["location"]) == (303, "/ui/sign-in")


def test_a_name_that_is_taken_is_said_to_be(server: LocalServer) -> None:
    browser = signed_in(server.address)
    browser.post("/new", {**FORM, "action": "apply"})
    answer = browser.post("/new", {**FORM, "action": "apply"})
    assert (answer.status, b"there is a Dataset fruit already" in answer.body) == (409, True)


def test_another_site_applies_nothing(server: LocalServer) -> None:
    browser = signed_in(server.address)
    browser.headers = {"Origin": "https://evil.example"}
    assert browser.post("/new", {**FORM, "action": "apply"}).status == 403
    assert server.backend.store.list_all("Model", "default") == []


def test_a_model_is_let_label_the_rest_of_a_dataset(server: LocalServer) -> None:
    finish_model(server)
    finish_dataset(server)
    browser = signed_in(server.address)
    assert b"<option selected>fruit</option>" in browser.get("/models/sorter").body
    answer = browser.post("/predictions", {"model": "sorter", "dataset": "fruit"})
    (made,) = server.backend.store.list_all("Prediction", "default")
    assert (answer.status, answer.headers["location"]) == (303, f"/ui/predictions/{made.name}")
    assert made.spec.to_json() == {"model": "sorter", "dataset": "fruit"}
    assert browser.post("/predictions", {"model": "sorter", "dataset": "Not A Name"}).status == 400
