"""Manifests in, trained and measured models out, as a user of the cluster sees it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import safetensors.numpy

from hack.localcluster.state import State
from tests.cluster.api import manifests, recorder
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import Waiter, condition_of, reason_of, status_of
from tests.cluster.host import node
from tests.cluster.scenarios.main_job import BUDGET, BUDGET_SECONDS, EVALUATION, MODEL, MainJob
from tests.cluster.setup.installation import TRAINER_REPOSITORY, VALUES, Installation
from tests.cluster.storage.bucket import Bucket

WAITED_SECONDS = 20
LATE_TAG = "late"
PNG = b"\x89PNG\r\n\x1a\n"


def test_a_watcher_sees_the_model_queued_then_training_then_succeeded(main_job: MainJob) -> None:
    assert main_job.models.phases_of(MODEL) == ["Queued", "Training", "Succeeded"]


def test_a_watcher_sees_the_evaluation_queued_then_evaluating_then_succeeded(main_job: MainJob) -> None:
    assert main_job.evaluations.phases_of(EVALUATION) == ["Queued", "Evaluating", "Succeeded"]


def test_every_status_that_a_watcher_sees_has_a_reason_and_a_message(main_job: MainJob) -> None:
    versions = main_job.models.states_of(MODEL) + main_job.evaluations.states_of(EVALUATION)
    statuses = [status_of(version) for version in versions if status_of(version)]
    assert len(statuses) >= 6
    assert [status for status in statuses if not status.get("reason") or not status.get("message")] == []


def test_the_model_waits_for_its_dataset_and_the_evaluation_for_its_model(main_job: MainJob) -> None:
    assert "WaitingForDataset" in main_job.models.reasons_of(MODEL)
    assert "WaitingForModel" in main_job.evaluations.reasons_of(EVALUATION)


def test_no_more_is_charged_than_the_budget(main_job: MainJob) -> None:
    budget = status_of(main_job.model)["budget"]
    assert 0 < budget["chargedSeconds"] <= BUDGET_SECONDS == budget["totalSeconds"]
    assert budget["remainingSeconds"] == pytest.approx(BUDGET_SECONDS - budget["chargedSeconds"], abs=0.11)
    assert budget["allocatedSeconds"] >= budget["chargedSeconds"] - 1


def test_helm_and_flux_see_nothing_unready_while_a_model_trains(main_job: MainJob) -> None:
    for version in main_job.models.states_of(MODEL):
        assert condition_of(version, "Ready") != "False"
        assert condition_of(version, "Reconciling") != "True"
        assert condition_of(version, "Stalled") != "True"


def test_the_conditions_at_the_end_say_succeeded(main_job: MainJob) -> None:
    expected = {"Accepted": "True", "Running": "False", "Succeeded": "True", "Stalled": "False"}
    for item in (main_job.model, main_job.evaluation):
        assert {kind: condition_of(item, kind) for kind in expected} == expected
    assert {kind: condition_of(main_job.dataset, kind) for kind in ("Ready", "Stalled")} == {
        "Ready": "True",
        "Stalled": "False",
    }


def test_every_status_is_about_the_generation_of_its_spec(main_job: MainJob) -> None:
    for item in (main_job.dataset, main_job.model, main_job.evaluation):
        generation = item["metadata"]["generation"]
        assert status_of(item)["observedGeneration"] == generation
        assert {condition["observedGeneration"] for condition in status_of(item)["conditions"]} == {generation}


def test_progress_was_shown_while_the_model_trained(main_job: MainJob) -> None:
    shown = [status_of(version).get("progress") for version in main_job.models.states_of(MODEL)]
    assert any(progress and progress["percent"] > 0 for progress in shown)


def test_the_weights_in_the_bucket_load_and_the_model_is_described(main_job: MainJob, bucket: Bucket) -> None:
    uri = status_of(main_job.model)["artifacts"]["uri"].rstrip("/")
    weights = safetensors.numpy.load(bucket.read(f"{uri}/model.safetensors"))
    assert sum(tensor.size for tensor in weights.values()) > 10_000
    described = bucket.read_json(f"{uri}/model.json")
    assert described["task"] == "classifier"
    assert sorted(described["labels"]) == sorted(tag["name"] for tag in _tags(main_job.dataset))


def test_the_evaluation_left_scores_predictions_and_a_picture(main_job: MainJob, bucket: Bucket) -> None:
    uri = status_of(main_job.evaluation)["artifacts"]["uri"].rstrip("/")
    metrics, performance = bucket.read_json(f"{uri}/metrics.json"), status_of(main_job.evaluation)["performance"]
    assert performance["measuredOn"] == "evaluationDataset"
    assert performance["accuracyTop1"] == pytest.approx(_find(metrics, "accuracyTop1"), abs=1e-3)
    assert performance["score"] == performance["accuracyTop1"] > 0.5
    assert bucket.read_json(f"{uri}/predictions.json")
    assert bucket.read(f"{uri}/predictions.png").startswith(PNG)


def test_the_model_names_the_revision_that_it_trained_on(main_job: MainJob) -> None:
    revision = status_of(main_job.dataset)["summary"]["revision"]
    assert status_of(main_job.model)["datasetRevision"] == revision
    assert revision.startswith("sha256:")


@pytest.fixture
def late_image(state: State, installation: Installation) -> Iterator[str]:
    """Return an image name that Models use from now on and that the node does not hold."""
    name = f"{TRAINER_REPOSITORY}:{LATE_TAG}"
    node.remove_image_name(state, name)
    installation.install(trainer={"image": {**VALUES["trainer"]["image"], "tag": LATE_TAG}})
    yield name
    installation.install()
    node.remove_image_name(state, name)


@pytest.mark.usefixtures("no_gpu")
def test_waiting_for_a_gpu_and_for_the_image_costs_nothing(
    main_job: MainJob, connection: Connection, waiter: Waiter, state: State, late_image: str
) -> None:
    namespace, name = main_job.namespace, "patient"
    with recorder.record(connection, "Model", namespace) as models:
        applied = time.monotonic()
        connection.apply(manifests.a_model(name, namespace, "digits", budget=BUDGET))
        unschedulable = waiter.reason("Model", namespace, name, "Unschedulable", 60)
        _sleep_until(applied + WAITED_SECONDS / 2)
        node.set_gpus(connection, 1)
        waiter.reason("Model", namespace, name, "ImagePullFailed", 60)
        _sleep_until(applied + WAITED_SECONDS)
        node.tag_image(state, f"{TRAINER_REPOSITORY}:dev", late_image)
        model = waiter.phase("Model", namespace, name, "Succeeded", 200)
    assert "Insufficient nvidia.com/gpu" in status_of(unschedulable)["message"]
    assert models.phases_of(name) == ["Queued", "Training", "Succeeded"]
    elapsed_seconds = time.monotonic() - applied
    assert 0 < _charged(model) <= status_of(model)["budget"]["allocatedSeconds"] <= elapsed_seconds - WAITED_SECONDS
    if _stops_of(model) == _stops_of(main_job.model) == "BudgetReached":
        assert _charged(model) == pytest.approx(_charged(main_job.model), rel=0.05)
    assert reason_of(model) == "Succeeded"


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _charged(model: Manifest) -> float:
    return float(status_of(model)["budget"]["chargedSeconds"])


def _stops_of(model: Manifest) -> str:
    return str(status_of(model)["stopReason"])


def _tags(dataset: Manifest) -> list[dict[str, Any]]:
    tags: list[dict[str, Any]] = status_of(dataset)["summary"]["categories"]
    return tags


def _find(document: Any, key: str) -> float | None:
    """Return the first number with this key, wherever the document holds it; None where it is nowhere."""
    if isinstance(document, dict):
        if isinstance(document.get(key), int | float):
            return float(document[key])
        document = list(document.values())
    if isinstance(document, list):
        return next((value for value in (_find(item, key) for item in document) if value is not None), None)
    return None
