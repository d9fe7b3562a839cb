"""Datasets and images on a PersistentVolumeClaim, and every way in which a claim can be of no use."""

import json
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any, Final

import pytest

from hack.localcluster.state import State
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import Waiter, message_of, reason_of, status_of
from tests.cluster.storage.bucket import Bucket
from tests.cluster.storage.volumes import Volumes, let_read, open_volumes

INSPECTED_SECONDS: Final = 120
TRAINED_SECONDS: Final = 240
NEW_IMAGES: Final = 6
PHOTOS: Final = {"storage": {"volumeClaim": "photos"}}


@pytest.fixture(scope="module")
def volumes(connection: Connection, state: State, namespace: str) -> Iterator[Volumes]:
    """Return what makes volumes in this module's namespace."""
    with open_volumes(connection, state, namespace) as volumes:
        yield volumes


@pytest.fixture(scope="module")
def photos(volumes: Volumes, digits: pathlib.Path) -> pathlib.Path:
    """Return the root of the claim `photos`: a set of digits, and a folder of others that nobody has labelled."""
    folder = volumes.make_folder("photos")
    shutil.copytree(digits, folder, dirs_exist_ok=True)
    evaluated = json.loads((digits / "eval.json").read_text())["images"]
    (folder / "new").mkdir()
    for image in evaluated[:NEW_IMAGES]:
        shutil.copy(digits / image["file_name"], folder / "new")
    let_read(folder)
    volumes.bind("photos")
    return folder


def a_dataset(name: str, namespace: str, *files: str, claim: str = "photos") -> dict[str, Any]:
    """Return a Dataset on a claim."""
    dataset = manifests.a_dataset(name, namespace, *files)
    return {**dataset, "spec": {**dataset["spec"], "storage": {"volumeClaim": claim}}}


def test_a_claim_trains_a_model_end_to_end_and_its_other_images_are_answered(
    connection: Connection, waiter: Waiter, namespace: str, bucket: Bucket, photos: pathlib.Path
) -> None:
    before = _look(photos)
    connection.apply(a_dataset("digits", namespace, "volume:train.json"))
    ready = waiter.phase("Dataset", namespace, "digits", "Ready", INSPECTED_SECONDS)
    assert status_of(ready)["summary"]["images"] == 100
    output = manifests.a_folder(bucket.uri("of-volumes"))
    connection.apply(manifests.a_model("digits", namespace, "digits", budget="30s", output=output))
    trained = status_of(waiter.end("Model", namespace, "digits", TRAINED_SECONDS))
    assert trained["phase"] == "Succeeded", trained
    assert trained["performance"]["score"] > 0.5
    assert trained["artifacts"]["uri"].startswith(bucket.uri("of-volumes"))
    images = {"uri": "volume:new", **PHOTOS}
    connection.apply(manifests.a_prediction("new", namespace, "digits", images=images))
    answered = status_of(waiter.end("Prediction", namespace, "new", TRAINED_SECONDS))
    assert answered["phase"] == "Succeeded", answered
    assert answered["summary"]["images"] == NEW_IMAGES
    assert _look(photos) == before, "the claim was mounted to be read: owners, groups and contents are as they were"


def _look(folder: pathlib.Path) -> list[tuple[str, int, int, int, int]]:
    found = ((path, path.lstat()) for path in sorted(folder.rglob("*")))
    return [(str(path), seen.st_uid, seen.st_gid, seen.st_mode, seen.st_size) for path, seen in found]


@pytest.mark.extended  # test_mending.py has a Secret that comes later
def test_a_claim_that_does_not_exist_is_named_and_the_inspection_goes_on_once_it_does(
    connection: Connection, waiter: Waiter, namespace: str, volumes: Volumes, digits: pathlib.Path
) -> None:
    connection.apply(a_dataset("early", namespace, "volume:train.json", claim="late"))
    told = waiter.reason("Dataset", namespace, "early", "InvalidConfiguration", 60)
    missing = f"storage.volumeClaim: PersistentVolumeClaim `late` does not exist in namespace `{namespace}`"
    assert message_of(told).startswith(missing), message_of(told)
    late = volumes.make_folder("late")
    shutil.copytree(digits, late, dirs_exist_ok=True)
    let_read(late)
    volumes.bind("late")
    waiter.phase("Dataset", namespace, "early", "Ready", INSPECTED_SECONDS)


def test_a_claim_that_nothing_binds_and_one_of_another_node_are_told_apart(
    connection: Connection, waiter: Waiter, namespace: str, volumes: Volumes
) -> None:
    volumes.claim("unbound")
    volumes.make_folder("away")
    volumes.bind("away", node="nowhere")
    for claim in ("unbound", "away"):
        connection.apply(a_dataset(claim, namespace, "volume:train.json", claim=claim))
    unbound = message_of(waiter.reason("Dataset", namespace, "unbound", "Unschedulable", 60))
    assert "storage.volumeClaim: PersistentVolumeClaim `unbound` is not bound to a volume" in unbound
    elsewhere = "storage.volumeClaim: PersistentVolumeClaim `away` has its volume on other nodes"
    waiter.until("Dataset", namespace, "away", lambda item: elsewhere in message_of(item), 90, "the node of its volume")


def test_a_volume_that_cannot_be_mounted_says_so_with_the_field(
    connection: Connection, waiter: Waiter, namespace: str, volumes: Volumes
) -> None:
    volumes.bind("hollow")  # the folder on the node is missing
    connection.apply(a_dataset("hollow", namespace, "volume:train.json", claim="hollow"))
    claim = "storage.volumeClaim: PersistentVolumeClaim `hollow` cannot be mounted on node"
    waiter.until("Dataset", namespace, "hollow", lambda item: claim in message_of(item), 90, "the claim's complaint")


def test_a_path_that_is_missing_is_named_with_what_is_near(
    connection: Connection, waiter: Waiter, namespace: str, photos: pathlib.Path
) -> None:
    assert (photos / "train.json").exists()
    connection.apply(a_dataset("misspelt", namespace, "volume:Train.json"))
    ended = waiter.end("Dataset", namespace, "misspelt", INSPECTED_SECONDS)
    assert reason_of(ended) == "DatasetNotFound"
    assert "volume:Train.json does not exist" in message_of(ended)
    assert "'train.json' does: capital letters count" in message_of(ended)


def test_a_file_that_the_run_may_not_read_says_who_must_be_let(
    connection: Connection, waiter: Waiter, namespace: str, photos: pathlib.Path
) -> None:
    shutil.copy(photos / "train.json", photos / "closed.json")
    (photos / "closed.json").chmod(0o600)
    connection.apply(a_dataset("closed", namespace, "volume:closed.json"))
    told = message_of(waiter.reason("Dataset", namespace, "closed", "StorageUnavailable", INSPECTED_SECONDS))
    assert "volume:closed.json was refused: Permission denied: this run is user 10001 of the groups 10001" in told
    assert "PersistentVolumeClaim `photos`" in told


def test_a_link_out_of_the_claim_is_a_problem_of_the_data(
    connection: Connection, waiter: Waiter, namespace: str, photos: pathlib.Path
) -> None:
    document = json.loads((photos / "train.json").read_text())
    document["images"][0]["file_name"] = "passwd.png"
    (photos / "passwd.png").symlink_to("/etc/passwd")
    (photos / "linked.json").write_text(json.dumps(document))
    (photos / "linked.json").chmod(0o644)
    connection.apply(a_dataset("linked", namespace, "volume:linked.json"))
    ended = waiter.end("Dataset", namespace, "linked", INSPECTED_SECONDS)
    assert reason_of(ended) == "DatasetCorrupt"
    assert "volume:passwd.png may not be read: a symbolic link on its way leads out of the claim" in message_of(ended)
