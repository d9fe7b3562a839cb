"""The Datasets of a namespace, and one of them with its pictures."""

import pytest

from darkroom_server.pages import label_files
from tests.support.server.browsing import Browser, signed_in
from tests.support.server.finished import finish_dataset
from tests.support.server.local import LocalServer
from tests.support.server.results import create, find_place


def test_a_dataset_shows_its_counts_advice_and_pictures_with_their_boxes(server: LocalServer) -> None:
    finish_dataset(server)
    browser = signed_in(server.address)
    listed = " ".join(browser.get("/datasets").body.decode().split())
    assert "3 images, 1 annotation, 2 tags" in listed
    body = browser.get("/datasets/fruit").body.decode()
    assert "it is very dark" in body
    assert 'src="/ui/datasets/fruit/previews/000001.jpg"' in body
    assert 'x="8.0" y="12.0" width="24.0" height="24.0"' in body
    assert "000003" not in body
    assert "secret" not in body  # the token of an annotation file's address


def test_a_dataset_that_is_not_inspected_yet_says_so(server: LocalServer) -> None:
    spec = {"annotationKind": "imageClassification", "annotationFiles": ["s3://vision/train.json"]}
    create(server, "Dataset", "young", spec)
    answer = signed_in(server.address).get("/datasets/young")
    assert (answer.status, b"Pending" in answer.body) == (200, True)


def test_the_report_of_the_inspection_may_do_nothing(server: LocalServer) -> None:
    finish_dataset(server)
    answer = signed_in(server.address).get("/datasets/fruit/report")
    assert (answer.body, answer.headers["content-security-policy"][:8]) == (b"<h1>Inspection</h1>", "sandbox;")


@pytest.mark.parametrize(
    ("file", "data", "status"),
    [
        ("000001.jpg", None, 200),
        ("000001.jpg", b"<script>alert(1)</script>", 404),
        ("000001.jpg", b"\xff\xd8\xff" + b"x" * label_files.MAX_PREVIEW_BYTES, 409),
        ("000009.jpg", None, 404),
        ("..%2finspection.html", None, 404),
        ("%2e%2e%2fsamples.json", None, 404),
    ],
)
def test_only_small_pictures_of_the_folder_are_sent(
    server: LocalServer, file: str, data: bytes | None, status: int
) -> None:
    finish_dataset(server)
    if data is not None:
        (find_place(server, "Dataset", "fruit") / "previews" / file).write_bytes(data)
    answer = signed_in(server.address).get(f"/datasets/fruit/previews/{file}")
    assert answer.status == status
    assert status != 200 or answer.headers["content-type"] == "image/jpeg"
    assert Browser(server.address).get(f"/datasets/fruit/previews/{file}").status in (401, 404)


def test_samples_that_darkroom_did_not_write_are_refused_in_words(server: LocalServer) -> None:
    finish_dataset(server)
    (find_place(server, "Dataset", "fruit") / "samples.json").write_text('{"images": 7}')
    answer = signed_in(server.address).get("/datasets/fruit")
    assert (answer.status, b"samples.json of Dataset fruit is not as Darkroom writes it" in answer.body) == (409, True)
