"""A finished Model answers images that have no label, as a user of the cluster sees it."""

import pathlib
from typing import Final

import pytest

from tests.cluster.api import manifests, recorder
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import Waiter, condition_of, status_of
from tests.cluster.scenarios.main_job import MODEL, TRAIN, MainJob
from tests.cluster.setup.installation import Installation
from tests.cluster.storage.bucket import Bucket

FOLDER: Final = "new/"
NEW: Final = 6
"""Pictures that nobody has labelled."""
NAME: Final = "new-digits"
TEXT: Final = b"no picture"


@pytest.fixture(scope="module")
def pictures(bucket: Bucket, digits: pathlib.Path) -> str:
    """Return a folder with unlabelled pictures, a broken one, and a copy of one that the Model was trained on."""
    known = bucket.read_json("digits/train.json")["images"][0]["file_name"]
    unknown = sorted((digits / "images").glob("eval*.png"))[:NEW]
    assert len(unknown) == NEW
    for path in unknown:
        bucket.put(f"{FOLDER}{path.name}", path.read_bytes())
    bucket.put(f"{FOLDER}deeper/known.png", (digits / known).read_bytes())
    bucket.put(f"{FOLDER}broken.png", TEXT)
    return bucket.uri(FOLDER)


@pytest.fixture(scope="module")
def predicted(
    main_job: MainJob, connection: Connection, waiter: Waiter, pictures: str
) -> tuple[Manifest, recorder.Recorder]:
    """Return the finished Prediction over the folder, and what a watcher saw of it."""
    with recorder.record(connection, "Prediction", main_job.namespace) as seen:
        wanted = {"images": manifests.a_folder(pictures), "write": ["COCO", "LabelStudio", "JSON"]}
        connection.apply(manifests.a_prediction(NAME, main_job.namespace, MODEL, **wanted))
        ended = waiter.phase("Prediction", main_job.namespace, NAME, "Succeeded", 180)
    return ended, seen


def test_a_watcher_sees_the_prediction_queued_then_predicting_then_succeeded(
    predicted: tuple[Manifest, recorder.Recorder],
) -> None:
    ended, seen = predicted
    assert seen.phases_of(NAME) == ["Queued", "Predicting", "Succeeded"]
    assert (condition_of(ended, "Succeeded"), condition_of(ended, "Stalled")) == ("True", "False")


def test_the_summary_counts_what_was_answered_and_what_was_passed_over(
    predicted: tuple[Manifest, recorder.Recorder],
) -> None:
    summary = status_of(predicted[0])["summary"]
    assert (summary["images"], summary["alreadyLabelled"], summary["unreadable"]) == (NEW, 1, 1)
    assert summary["problemCount"] == 1
    assert "broken.png" in summary["problems"][0]["subject"] + summary["problems"][0]["message"]


def test_every_file_that_was_asked_for_is_in_the_folder_that_the_status_names(
    predicted: tuple[Manifest, recorder.Recorder], bucket: Bucket
) -> None:
    uri = status_of(predicted[0])["artifacts"]["uri"].rstrip("/")
    listed = bucket.read_json(f"{uri}/artifacts.json")["files"]
    assert {"prelabels.json", "tasks.json", "predictions.jsonl"} <= set(listed)
    prelabels = bucket.read_json(f"{uri}/prelabels.json")
    assert len(prelabels["images"]) == NEW
    assert {image["review"] for image in prelabels["images"]} == {"pending"}
    assert len(bucket.read(f"{uri}/predictions.jsonl").splitlines()) == NEW


def test_kubectl_prints_the_counts(
    predicted: tuple[Manifest, recorder.Recorder], installation: Installation, main_job: MainJob
) -> None:
    assert status_of(predicted[0])["phase"] == "Succeeded"
    printed = installation.kubectl("get", "pdn", NAME, "-n", main_job.namespace).stdout.splitlines()
    assert printed[0].split() == ["NAME", "PHASE", "REASON", "MODEL", "IMAGES", "OBJECTS", "AGE"]
    assert printed[1].split()[:5] == [NAME, "Succeeded", "Succeeded", MODEL, str(NEW)]


def test_a_dataset_whose_images_are_all_labelled_has_nothing_to_answer(
    main_job: MainJob, connection: Connection, waiter: Waiter
) -> None:
    connection.apply(manifests.a_prediction("labelled", main_job.namespace, MODEL, dataset=TRAIN))
    status = status_of(waiter.end("Prediction", main_job.namespace, "labelled", 180))
    assert status["phase"] == "Succeeded", status
    assert (status["summary"]["images"], status["summary"]["objects"]) == (0, 0)


REFUSED: Final[dict[str, tuple[Manifest, str, str]]] = {
    "a-local-folder": ({"uri": "file:new"}, "Failed", "images.uri: `file:new` is a file on one machine"),
    "a-foreign-secret": (
        manifests.a_folder("s3://vision/new", "root"), "Queued", "images.storage.credentialsSecret: Secret `root`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "images", "phase", "says"), [(name, *row) for name, row in REFUSED.items()])
def test_a_folder_that_may_not_be_read_starts_nothing_and_names_the_field(
    name: str, images: Manifest, phase: str, says: str, main_job: MainJob, connection: Connection, waiter: Waiter
) -> None:
    connection.apply(manifests.a_prediction(name, main_job.namespace, MODEL, images=images))
    ended = waiter.reason("Prediction", main_job.namespace, name, "InvalidConfiguration", 60)
    status = status_of(ended)
    assert (status["phase"], status.get("attempts", [])) == (phase, [])
    assert says in status["message"]
