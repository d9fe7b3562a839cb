"""Each way in which a run ends or waits, caused on the real cluster: the user sees which it is and what to do."""

import json
import pathlib
from collections.abc import Iterator

import pytest

from darkroom_api.durations import parse_duration
from tests.cluster.api import manifests, recorder
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import Waiter, phase_of, reason_of, status_of
from tests.cluster.host import processes
from tests.cluster.scenarios.failures import Faults
from tests.cluster.scenarios.main_job import MODEL, MainJob
from tests.cluster.setup.installation import UNREACHABLE, VALUES
from tests.cluster.storage import corruptions
from tests.cluster.storage.bucket import Bucket

SIGKILLED = 137
UNLISTED = {
    "cluster-service": ("http://s3.other.svc:9000", "to allowedEndpoints"),
    "metadata-service": ("http://169.254.169.254", "which no run may reach"),
    "api-server": ("https://kubernetes.default.svc", "which no run may reach"),
}
"""Endpoints of Datasets that no pod may be made for, and what their users read."""


@pytest.fixture(scope="module")
def faults(
    connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str, digits: pathlib.Path
) -> Iterator[Faults]:
    """Apply every Dataset of this module at once: inspections are small, and their pauses overlap."""
    coco = json.loads((digits / "train.json").read_text())
    _upload_spoiled(bucket, digits, coco)
    with recorder.record(connection, "Dataset", namespace) as datasets:
        faults = Faults(connection, waiter, bucket, namespace, datasets)
        _apply_datasets(faults, coco)
        yield faults


def _apply_datasets(faults: Faults, coco: Manifest) -> None:
    faults.apply_dataset("good")
    faults.apply_dataset("unreachable", endpoint=UNREACHABLE)
    for name, (endpoint, _) in UNLISTED.items():
        faults.apply_dataset(name, endpoint=endpoint)
    faults.apply_dataset("shuffled", "broken/shuffled.json")
    faults.apply_dataset("boxes", "broken/boxes.json", kind="imageObjectDetection")
    faults.apply_dataset("no-file", "digits/no-such-file.json")
    faults.apply_dataset("forbidden-secret", secret="other-teams-secret")  # noqa: S106 - the name of a Secret
    wrong = manifests.a_secret(faults.namespace, faults.bucket.access_key, "wrong", "darkroom-wrong-key")
    faults.connection.apply(wrong)
    faults.apply_dataset("wrong-key", secret="darkroom-wrong-key")  # noqa: S106 - the name of a Secret
    for corruption in corruptions.list_corruptions(coco):
        faults.apply_dataset(corruption.id, f"broken/{corruption.id}.json", kind=corruption.kind)


def _upload_spoiled(bucket: Bucket, digits: pathlib.Path, coco: Manifest) -> None:
    for corruption in corruptions.list_corruptions(coco):
        bucket.put(f"broken/{corruption.id}.json", json.dumps(corruption.apply(coco)).encode())
    bucket.put("broken/shuffled.json", json.dumps(corruptions.shuffle_labels(coco)).encode())
    bucket.put("broken/boxes.json", json.dumps(corruptions.as_detection(coco)).encode())
    image = next(path for path in sorted(digits.rglob("*")) if path.suffix in (".png", ".jpg")).read_bytes()
    bucket.put(f"digits/{corruptions.TRUNCATED}", image[: len(image) // 2])


@pytest.mark.parametrize("name", corruptions.IDS)
def test_a_spoiled_dataset_is_corrupt_by_file_and_id(name: str, faults: Faults, digits: pathlib.Path) -> None:
    every = corruptions.list_corruptions(json.loads((digits / "train.json").read_text()))
    corruption = next(corruption for corruption in every if corruption.id == name)
    status = status_of(faults.end("Dataset", name, 200))
    assert (status["phase"], status["reason"]) == ("Invalid", "DatasetCorrupt"), status
    for part in (f"{name}.json", *corruption.names):
        assert part in status["message"]
    assert status["summary"]["problemCount"] >= 1
    assert status["summary"]["problems"][0]["subject"]


@pytest.mark.parametrize("name", UNLISTED)
def test_an_endpoint_that_nobody_listed_is_not_allowed_and_gets_no_pod(name: str, faults: Faults) -> None:
    endpoint, says = UNLISTED[name]
    message = faults.reason("Dataset", name, "NotAllowed")
    assert endpoint in message
    assert says in message
    assert faults.connection.select("Pod", faults.namespace, f"darkroom.dev/name={name}") == []


def test_every_namespace_with_a_run_has_the_network_policy_of_trainers(faults: Faults) -> None:
    faults.end("Dataset", "good")
    policy = faults.connection.get("NetworkPolicy", "darkroom-trainers", faults.namespace)
    blocks = [peer["ipBlock"] for rule in policy["spec"]["egress"] for peer in rule.get("to", ()) if "ipBlock" in peer]
    closed = {network for block in blocks for network in block.get("except", ())}
    assert {"169.254.0.0/16", "fe80::/10"} <= closed


def test_an_annotation_file_that_is_not_there_is_named(faults: Faults) -> None:
    status = status_of(faults.end("Dataset", "no-file"))
    assert (status["phase"], status["reason"]) == ("Invalid", "DatasetNotFound"), status
    assert "no-such-file.json" in status["message"]


def test_a_secret_that_is_not_allowed_is_refused_by_the_field(faults: Faults) -> None:
    message = faults.reason("Dataset", "forbidden-secret", "InvalidConfiguration")
    assert "credentialsSecret" in message
    assert "other-teams-secret" in message
    selector = "darkroom.dev/name=forbidden-secret"
    assert faults.connection.select("Pod", faults.namespace, selector) == []


@pytest.mark.parametrize(("name", "names"), [("wrong-key", "SignatureDoesNotMatch"), ("unreachable", "s3.nowhere.svc")])
def test_storage_that_fails_is_tried_again_and_then_given_up(name: str, names: str, faults: Faults) -> None:
    status = status_of(faults.end("Dataset", name, 180))
    assert (status["phase"], status["reason"]) == ("Invalid", "StorageUnavailable"), status
    assert names in status["message"]
    attempts = status["attempts"]
    assert len(attempts) == 1 + VALUES["retries"]["storage"]
    assert {attempt["outcome"] for attempt in attempts} == {"StorageUnavailable"}


@pytest.mark.parametrize(("name", "word"), [("wrong-key", "refused"), ("unreachable", "could not be reached")])
def test_storage_that_fails_is_named_while_it_is_tried_again(name: str, word: str, faults: Faults) -> None:
    faults.end("Dataset", name, 180)
    seen = [status_of(version) for version in faults.datasets.states_of(name)]
    messages = [status["message"] for status in seen if status.get("reason") == "StorageUnavailable"]
    assert messages
    assert word in messages[0]


def test_a_model_waits_for_a_dataset_that_comes_later(faults: Faults) -> None:
    faults.apply_model("early", "late", budget="1s")
    assert "late" in faults.reason("Model", "early", "WaitingForDataset")
    faults.apply_dataset("late")
    assert reason_of(faults.end("Model", "early")) == "BudgetNotEnough"


def test_a_model_whose_dataset_is_invalid_says_so(faults: Faults) -> None:
    faults.end("Dataset", "two-labels", 200)
    faults.apply_model("hopeless", "two-labels")
    faults.waiter.until(
        "Model", faults.namespace, "hopeless", lambda item: "two-labels" in str(status_of(item).get("message")), 30
    )


def test_a_budget_that_is_too_small_is_answered_with_a_minimum_and_a_suggestion(faults: Faults) -> None:
    faults.apply_model("poor", "good", budget="2s")
    status = status_of(faults.end("Model", "poor"))
    assert (status["phase"], status["reason"]) == ("Failed", "BudgetNotEnough"), status
    told = status["message"].partition("at least ")[2].partition(" suggested")[0]
    minimum, suggested = (parse_duration(text) for text in told.split(", "))
    assert 2 < minimum < suggested
    assert status["budget"]["chargedSeconds"] <= 2


def test_shuffled_labels_diverge_and_the_suspects_are_named(faults: Faults) -> None:
    faults.apply_model("confused", "shuffled")
    status = status_of(faults.end("Model", "confused", 200))
    assert (status["phase"], status["reason"]) == ("Failed", "TrainingDiverged"), status
    assert "label" in status["message"]
    assert status["budget"]["chargedSeconds"] <= 45


def test_an_evaluation_on_a_dataset_of_another_kind_says_which_kind(faults: Faults, main_job: MainJob) -> None:
    uri = faults.bucket.uri("broken/boxes.json")
    root = faults.bucket.uri("digits/")
    boxes = manifests.a_dataset("boxes", main_job.namespace, uri, kind="imageObjectDetection", imageRoot=root)
    faults.connection.apply(boxes)
    faults.connection.apply(manifests.an_evaluation("mismatch", main_job.namespace, MODEL, "boxes"))
    status = status_of(faults.waiter.end("Evaluation", main_job.namespace, "mismatch", 120))
    assert (status["phase"], status["reason"]) == ("Failed", "IncorrectModelKind"), status
    assert "imageClassification" in status["message"]


def test_a_trainer_that_is_killed_each_time_ends_unknown_with_exit_code_and_log(faults: Faults) -> None:
    with recorder.record(faults.connection, "Model", faults.namespace) as models:
        faults.apply_model("killed", "good", budget="10m")
        for attempt in range(1, VALUES["retries"]["failures"] + 2):
            _kill_once_it_logs(faults, "killed", attempt)
        status = status_of(faults.end("Model", "killed"))
    assert "RetryingAfterFailure" in models.reasons_of("killed")
    assert (status["phase"], status["reason"]) == ("Failed", "Unknown"), status
    assert str(SIGKILLED) in status["message"]
    assert [attempt["exitCode"] for attempt in status["attempts"]] == [SIGKILLED] * 2
    assert any(line in status["message"] for line in _last_log_lines(faults, "killed"))


def _kill_once_it_logs(faults: Faults, name: str, attempt: int) -> None:
    pod = faults.waiter.pod(faults.namespace, name, 60, attempt)
    pod_name = pod["metadata"]["name"]
    faults.waiter.until(
        "Pod", faults.namespace, pod_name, lambda _: bool(faults.connection.read_log(pod_name, faults.namespace, 1)), 60
    )
    assert processes.kill_processes(pod)


def _last_log_lines(faults: Faults, name: str) -> list[str]:
    pods = faults.connection.select("Pod", faults.namespace, f"darkroom.dev/name={name}")
    logs = [faults.connection.read_log(pod["metadata"]["name"], faults.namespace, 3) for pod in pods]
    return [line for log in logs for line in log.splitlines() if line.strip()]


@pytest.mark.extended  # test_disruptions.py drains one
def test_a_pod_that_is_deleted_once_is_replaced_and_the_model_succeeds(faults: Faults) -> None:
    with recorder.record(faults.connection, "Model", faults.namespace) as models:
        faults.apply_model("disrupted", "good", budget="25s")
        pod = faults.waiter.pod(faults.namespace, "disrupted", 60)
        faults.connection.delete("Pod", pod["metadata"]["name"], faults.namespace)
        status = status_of(faults.end("Model", "disrupted", 200))
    assert "RetryingAfterDisruption" in models.reasons_of("disrupted")
    assert status["phase"] == "Succeeded", status
    assert [attempt["free"] for attempt in status["attempts"]] == [True, False]
    assert 0 < status["budget"]["chargedSeconds"] <= 25


def test_after_all_failures_earlier_models_and_artifacts_are_still_there(
    faults: Faults, main_job: MainJob, bucket: Bucket
) -> None:
    model = faults.connection.get("Model", MODEL, main_job.namespace)
    assert phase_of(model) == "Succeeded"
    assert status_of(model) == status_of(main_job.model)
    uri = status_of(model)["artifacts"]["uri"].rstrip("/")
    assert bucket.read(f"{uri}/model.safetensors")
