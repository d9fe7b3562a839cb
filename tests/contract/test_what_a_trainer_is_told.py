"""What the operator writes into a Job the trainer can read."""

import math
from typing import Any

import pytest

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.run_config import Command, RunConfig
from darkroom_api.v1alpha1.common import Attempt
from darkroom_operator.decide.allocation import START_UP_SECONDS
from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.model_use import decide_evaluation
from darkroom_operator.manifests.job import build_job
from darkroom_operator.manifests.pod import ANNOTATION_RUN_CONFIG
from darkroom_operator.manifests.run_config import (
    Plan,
    plan_evaluation,
    plan_inspection,
    plan_training,
)
from tests.builders import (
    UID,
    a_config,
    a_dataset_spec,
    a_dataset_view,
    a_model_spec,
    a_model_status,
    a_model_view,
    an_attempt,
    an_evaluation_view,
    an_observed_dataset,
    at,
)

CONFIG = a_config()
LONG = "x" * 2000
ANNOTATIONS_LIMIT_BYTES = 256 * 1024


def read_told(plan: Plan) -> RunConfig:
    """Build the Job and read the file that its trainer finds, as the trainer does."""
    job = build_job(plan, CONFIG)
    told: str = job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG]
    assert len(told.encode()) < ANNOTATIONS_LIMIT_BYTES
    return RunConfig.model_validate_json(told)


def plan_model(*args: Any, **changes: Any) -> Plan:
    """Decide about a Model and plan the attempt that is started."""
    view = a_model_view(*args, **changes)
    return plan_training(view, decide_model(view, CONFIG).status, CONFIG)


def plan_reading() -> Plan:
    """Decide about a Dataset and plan the inspection that is started."""
    view = a_dataset_view()
    return plan_inspection(view, decide_dataset(view, CONFIG).status, CONFIG)


def plan_measuring() -> Plan:
    """Decide about an Evaluation and plan the attempt that is started."""
    view = an_evaluation_view()
    return plan_evaluation(view, decide_evaluation(view, CONFIG).status, CONFIG)


def a_long_dataset(name: str) -> Any:
    """Return a Dataset with as much in its spec as the contract allows."""
    spec = a_dataset_spec(
        annotationFiles=[f"s3://{LONG}/{number}" for number in range(10)],
        imageRoot=f"s3://{LONG}",
        urlMappings=[{"from": f"{LONG}{number}", "to": LONG} for number in range(20)],
    )
    return an_observed_dataset(name, spec=spec)


PLANS = {
    "an inspection": (plan_reading(), Command.INSPECT),
    "a training": (plan_model(), Command.TRAIN),
    "a training with an evaluation Dataset": (
        plan_model(a_model_spec(evaluationDataset="test"), evaluation_dataset=an_observed_dataset("test")),
        Command.TRAIN,
    ),
    "a training on two Datasets of the greatest length": (
        plan_model(
            a_model_spec(evaluationDataset="test"),
            dataset=a_long_dataset("fruit"),
            evaluation_dataset=a_long_dataset("test"),
        ),
        Command.TRAIN,
    ),
    "an evaluation": (plan_measuring(), Command.EVALUATE),
}


@pytest.mark.parametrize(("plan", "command"), PLANS.values(), ids=PLANS.keys())
def test_a_trainer_can_read_what_it_is_told(plan: Plan, command: Command) -> None:
    told = read_told(plan)
    assert told == plan.run
    assert told.command is command
    assert told.resource.uid == UID
    assert told.output is not None
    kind, name = told.resource.kind, told.resource.name
    assert told.output.uri.endswith(names.artifact_folder(kind, name, UID))


def test_a_training_is_told_its_whole_budget_and_the_speed_of_its_devices() -> None:
    spec = a_model_spec(compute={"class": "cpu", "devices": 2}, seed=7)
    told = read_told(plan_model(spec))
    assert (told.budget_seconds, told.devices, told.milli_rate) == (600, 2, 100)
    assert (told.attempt, told.seed, told.dataset.revision) == (1, 7, "sha256:r1")


def test_an_evaluation_is_told_where_the_model_is_and_what_it_does() -> None:
    told = read_told(plan_measuring())
    assert told.model is not None
    assert told.model.uri == "s3://vision/fruit/darkroom/models/fruit-12345678"
    assert told.model.storage.credentials_dir == f"{names.CREDENTIALS_DIR}/model"
    assert told.task == "classifier"


KEPT = an_attempt(1, Reason.RETRYING_AFTER_DISRUPTION, charged_seconds=24.5)
LOST = an_attempt(2, Reason.RETRYING_AFTER_DISRUPTION, charged_seconds=3.0)
REMAINS = {
    "the first attempt has it all": ((), 0.0),
    "what an attempt kept is spent": ((KEPT,), 24.5),
    "an attempt that kept less gives nothing back": ((KEPT, LOST), 24.5),
    "a crash that told nothing spends nothing that is known": ((an_attempt(1, Reason.UNKNOWN, exit_code=137),), 0.0),
}


@pytest.mark.parametrize(("attempts", "charged"), REMAINS.values(), ids=REMAINS.keys())
def test_a_training_is_told_what_remains_and_may_work_no_longer(attempts: tuple[Attempt, ...], charged: float) -> None:
    plan = plan_model(status=a_model_status(*attempts), now=at(5000))
    told = read_told(plan)
    assert told.budget_seconds is not None
    assert told.charged_seconds == charged
    rate = told.devices * told.milli_rate / 1000
    work_seconds = plan.deadline_seconds - START_UP_SECONDS - CONFIG.grace_seconds
    assert work_seconds == math.ceil((told.budget_seconds - charged) / rate)
