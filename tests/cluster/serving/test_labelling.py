"""Labelling with the server of a cluster: reviews that are saved on its page, and tasks of Label Studio."""

import base64
import html
import pathlib
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Final

import pytest
import yaml

from darkroom_api.v1alpha1.common import Task
from darkroom_labels.label_studio import build_control
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import Waiter, status_of
from tests.cluster.scenarios.main_job import MODEL, MainJob
from tests.cluster.serving.server import Server, make_token
from tests.cluster.setup.installation import Installation
from tests.cluster.storage.bucket import Bucket
from tests.support.labelling import build_labelling
from tests.support.server.browsing import Browser, signed_in
from tests.support.server.running import Answer, send

NAME: Final = "to-review"
REVIEW: Final = f"/predictions/{NAME}/review"
NUM_IMAGES: Final = 4
TABS_OF_A_POD: Final = 3


@pytest.fixture(scope="module")
def folder(main_job: MainJob, connection: Connection, waiter: Waiter, bucket: Bucket, digits: pathlib.Path) -> str:
    """Return where a Prediction has left what it proposes for pictures that nobody has labelled."""
    for path in sorted((digits / "images").glob("eval*.png"))[:NUM_IMAGES]:
        bucket.put(f"{NAME}/{path.name}", path.read_bytes())
    images = manifests.a_folder(bucket.uri(NAME))
    connection.apply(manifests.a_prediction(NAME, main_job.namespace, MODEL, images=images))
    ended = waiter.phase("Prediction", main_job.namespace, NAME, "Succeeded", 180)
    uri: str = status_of(ended)["artifacts"]["uri"]
    return uri.rstrip("/")


@pytest.fixture
def unreviewed(folder: str, bucket: Bucket) -> str:
    """Return the address of the reviewed labels, which are not there yet."""
    address = f"{folder}/reviewed.json"
    bucket.delete(address)
    return address


def save(tab: Browser, version: str, number: int, review: str) -> Answer:
    """Save what a person says of one picture, without any label, as the page does."""
    return tab.put(REVIEW, {"version": version, "images": [{"number": number, "review": review, "labels": []}]})


def test_of_two_tabs_the_second_to_save_is_told_and_then_saves_beside_the_first(
    server: Server, unreviewed: str, bucket: Bucket
) -> None:
    first, second = (signed_in(f"http://{server.host}", server.key) for _ in range(2))
    seen = [tab.get(REVIEW).json for tab in (first, second)]
    assert [(one["version"], len(one["images"])) for one in seen] == [("", NUM_IMAGES)] * 2
    numbers = [image["number"] for image in seen[0]["images"]]
    saved = save(first, "", numbers[0], "accepted")
    assert (saved.status, saved.json["counts"]["accepted"]) == (200, 1)
    before = bucket.read(unreviewed)

    refused = save(second, "", numbers[1], "rejected")
    assert (refused.status, "nothing of yours is lost" in refused.json["error"]["message"]) == (409, True)
    assert bucket.read(unreviewed) == before

    theirs = second.get(REVIEW).json
    assert theirs["version"] == saved.json["version"]
    assert save(second, theirs["version"], numbers[1], "rejected").status == 200
    reviews = sorted(image["review"] for image in bucket.read_json(unreviewed)["images"])
    assert reviews == ["accepted", *["pending"] * (NUM_IMAGES - 2), "rejected"]


def test_of_tabs_that_save_at_once_through_both_pods_one_is_taken_and_the_others_are_told(
    server: Server, unreviewed: str, bucket: Bucket
) -> None:
    pods = [f"http://{pod['status']['podIP']}:8080" for pod in server.list_pods()]
    assert len(pods) == 2
    tabs = [signed_in(address, server.key) for address in pods * TABS_OF_A_POD]
    numbers = [image["number"] for image in tabs[0].get(REVIEW).json["images"]]
    together = Barrier(len(tabs))

    def save_together(at: int) -> Answer:
        together.wait(30)
        return save(tabs[at], "", numbers[at % NUM_IMAGES], "accepted")

    with ThreadPoolExecutor(len(tabs)) as people:
        answers = list(people.map(save_together, range(len(tabs))))
    assert sorted(answer.status for answer in answers) == [200] + [409] * (len(tabs) - 1)
    accepted = [image for image in bucket.read_json(unreviewed)["images"] if image["review"] == "accepted"]
    assert len(accepted) == 1


def test_whoever_may_only_look_sees_the_review_and_saves_nothing(
    server: Server, unreviewed: str, bucket: Bucket, installation: Installation, main_job: MainJob
) -> None:
    reader, editor = (Browser(f"http://{server.host}") for _ in range(2))
    for person, role in ((reader, "view"), (editor, "edit")):
        token = make_token(installation, main_job.namespace, role)
        assert person.sign_in(token, main_job.namespace).status == 303
    number = reader.get(REVIEW).json["images"][0]["number"]
    assert b'data-may-save="no"' in reader.get(f"/predictions/{NAME}").body
    refused = save(reader, "", number, "accepted")
    assert (refused.status, "may not patch" in refused.json["error"]["message"]) == (403, True)
    assert bucket.keys(unreviewed) == []
    assert save(editor, "", number, "accepted").status == 200


def test_the_manifest_on_the_page_makes_a_dataset_of_the_accepted_labels(
    server: Server, unreviewed: str, connection: Connection, waiter: Waiter, main_job: MainJob
) -> None:
    tab = signed_in(f"http://{server.host}", server.key)
    images = tab.get(REVIEW).json["images"]
    accepted = [
        {"number": image["number"], "review": "accepted", "labels": [{"tag": str(at), "box": None}]}
        for at, image in enumerate(images[:2])
    ]
    assert tab.put(REVIEW, {"version": "", "images": accepted}).status == 200
    page = tab.get(f"/predictions/{NAME}").body.decode()
    found = re.search(r'<pre id="retraining"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    assert found is not None
    dataset = next(yaml.safe_load_all(html.unescape(found[1])))
    assert dataset["spec"]["annotationFiles"] == [unreviewed]
    dataset["metadata"]["namespace"] = main_job.namespace
    connection.apply(dataset)
    name = dataset["metadata"]["name"]
    summary = status_of(waiter.phase("Dataset", main_job.namespace, name, "Ready", 120))["summary"]
    assert (summary["images"], summary["annotations"]) == (2, 2)


def ask(server: Server, key: str, uri: str) -> Any:
    """Return what the server answers to a task of Label Studio."""
    password = base64.b64encode(f"darkroom:{key}".encode()).decode()
    labelling = build_labelling(build_control(Task.CLASSIFIER, [str(digit) for digit in range(10)]))
    body = {"tasks": [{"id": 1, "data": {"image": uri}}], "project": "1.1", "label_config": labelling, "params": {}}
    headers = {"Authorization": f"Basic {password}"}
    return send(f"http://{server.host}", f"/labelstudio/{MODEL}/predict", body, headers)


def test_a_task_may_name_a_picture_of_a_bucket_that_the_chart_opens_to_the_namespace(
    server: Server, folder: str, bucket: Bucket
) -> None:
    inside, outside = (ask(server, server.key, uri) for uri in (bucket.uri(f"{NAME}/eval-0001.png"), "s3://else/a.png"))
    assert folder
    assert [len(result["result"]) for result in inside.json["results"]] == [1]
    assert [result["result"] for result in outside.json["results"]] == [[]]
    assert ask(server, server.other_key, bucket.uri(f"{NAME}/eval-0001.png")).status == 404
