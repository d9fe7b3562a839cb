"""One object of each kind from the store to a decision and its Job."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Command, RunConfig
from darkroom_operator import kinds
from darkroom_operator.api.resources import DATASETS, EVALUATIONS, MODELS, PREDICTIONS, Key
from darkroom_operator.manifests.pod import ANNOTATION_RUN_CONFIG
from darkroom_operator.observing.observe import Polled
from tests.builders import an_evaluation_spec, at, stamp
from tests.prediction_builders import a_prediction_spec
from tests.unit.operator.workbench import MODEL, Workbench

DATASET, EVALUATION = Key("Dataset", "vision", "fruit"), Key("Evaluation", "vision", "june")
PREDICTION = Key("Prediction", "vision", "july")
ARTIFACTS = {"uri": "s3://vision/fruit/darkroom/models/fruit-1", "digest": "sha256:1"}
SUCCEEDED = {
    "observedGeneration": 1,
    "phase": "Succeeded",
    "reason": "Succeeded",
    "completedAt": stamp(9),
    "artifacts": ARTIFACTS,
}


def look(bench: Workbench, key: Key) -> kinds.Case:
    """Observe an object and decide."""
    bench.hear()
    owner = bench.store.owner(key)
    assert owner is not None
    return kinds.look(bench.store, owner, Polled(at(60)), bench.config)


def begin(bench: Workbench, key: Key) -> None:
    """Let an object be one that is to be started next."""
    if key is DATASET:
        del bench.cluster.objects[DATASETS.plural, "vision", "fruit"]["status"]
    if key is EVALUATION:
        bench.cluster.objects[MODELS.plural, "vision", "fruit"]["status"] = SUCCEEDED
        spec = an_evaluation_spec(dataset="fruit").to_json()
        bench.cluster.add(EVALUATIONS, {"metadata": {"name": "june"}, "spec": spec})
    if key is PREDICTION:
        bench.cluster.objects[MODELS.plural, "vision", "fruit"]["status"] = SUCCEEDED
        spec = a_prediction_spec(dataset=None, images={"uri": "s3://vision/new"}).to_json()
        bench.cluster.add(PREDICTIONS, {"metadata": {"name": "july"}, "spec": spec})


COMMANDS = {"a Dataset": (DATASET, Command.INSPECT), "a Model": (MODEL, Command.TRAIN)}
COMMANDS["an Evaluation"] = (EVALUATION, Command.EVALUATE)
COMMANDS["a Prediction"] = (PREDICTION, Command.PREDICT)


@pytest.mark.parametrize(("key", "command"), COMMANDS.values(), ids=COMMANDS)
def test_an_object_is_started_with_the_command_of_its_kind(key: Key, command: Command, bench: Workbench) -> None:
    begin(bench, key)
    case = look(bench, key)
    assert (case.seen.key, case.decision.start, case.find_blocker()) == (key, 1, None)
    job = case.build_job()
    told = RunConfig.model_validate_json(job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])
    assert (told.command, told.resource.name) == (command, key.name)


@pytest.mark.parametrize("key", [DATASET, MODEL, EVALUATION, PREDICTION], ids=COMMANDS)
def test_the_job_that_was_created_is_the_last_attempts(key: Key, bench: Workbench) -> None:
    begin(bench, key)
    case = look(bench, key)
    recorded = case.record_job("uid-new")
    assert [attempt.job_uid for attempt in recorded.decision.status.attempts] == ["uid-new"]
    assert [attempt.job_uid for attempt in case.decision.status.attempts] == [None]


@pytest.mark.parametrize(
    ("key", "missing", "reason"),
    [
        (DATASET, None, None),
        (MODEL, DATASETS, Reason.WAITING_FOR_DATASET),
        (EVALUATION, MODELS, Reason.WAITING_FOR_MODEL),
        (PREDICTION, MODELS, Reason.WAITING_FOR_MODEL),
        (PREDICTION, DATASETS, None),
    ],
    ids=[
        "a Dataset waits for nothing",
        "a Model for its Dataset",
        "an Evaluation for its Model",
        "a Prediction for its Model",
        "a Prediction over a folder for no Dataset",
    ],
)
def test_what_an_object_names_may_be_missing(key: Key, missing: Any, reason: Reason | None, bench: Workbench) -> None:
    begin(bench, key)
    if missing is not None:
        del bench.cluster.objects[missing.plural, "vision", "fruit"]
    blocker = look(bench, key).find_blocker()
    assert (blocker.reason if blocker else None) is reason


@pytest.mark.parametrize("key", [DATASET, MODEL, EVALUATION, PREDICTION], ids=COMMANDS)
def test_another_look_decides_by_what_it_is_told_to_see(key: Key, bench: Workbench) -> None:
    begin(bench, key)
    case = look(bench, key)
    again = case.look_again(status=case.record_job("uid-new").decision.status, now=at(61))
    assert (case.decision.start, again.decision.start) == (1, None), "the attempt is open then"
    assert (case.seen.now, again.seen.now) == (at(60), at(61))
