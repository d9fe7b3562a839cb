"""What one version of Darkroom reads of another: unknown keys and words are forgiven, a spec is read strictly."""

import json
import pathlib
from typing import Any

import pydantic
import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.report import parse_outcome, parse_progress
from darkroom_api.run_config import RunConfig
from darkroom_api.schema import read_record
from darkroom_api.v1alpha1.common import MeasuredOn, StopReason
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus

RECORDED: Any = json.loads((pathlib.Path(__file__).parent / "other_versions.json").read_text())


@pytest.mark.parametrize("version", ["previous", "next"])
def test_the_statuses_of_another_version_are_read(version: str) -> None:
    said = RECORDED[version]
    model = read_record(ModelStatus, said["modelStatus"])
    dataset = read_record(DatasetStatus, said["datasetStatus"])
    evaluation = read_record(EvaluationStatus, said["evaluationStatus"])
    assert model is not None
    assert dataset is not None
    assert evaluation is not None
    assert [attempt.number for attempt in model.attempts] == [1, 2]
    assert model.budget is not None
    assert model.budget.charged_seconds == 41.5
    assert dataset.summary is not None
    assert dataset.summary.images == 1797


@pytest.mark.parametrize("version", ["previous", "next"])
def test_the_reports_of_another_version_are_read(version: str) -> None:
    outcome = parse_outcome(json.dumps(RECORDED[version]["outcome"]))
    progress = parse_progress(json.dumps(RECORDED[version]["progress"]))
    assert outcome is not None
    assert progress is not None
    assert (outcome.meter.charged_seconds, progress.percent) == (41.5, 40)


def test_words_that_only_another_version_knows_are_unknown() -> None:
    status = read_record(ModelStatus, RECORDED["next"]["modelStatus"])
    assert status is not None
    assert (status.phase, status.reason, status.stop_reason) == (RunPhase.UNKNOWN, Reason.UNKNOWN, StopReason.UNKNOWN)
    assert status.performance is not None
    assert status.performance.measured_on is MeasuredOn.UNKNOWN
    assert DatasetPhase("Whatever") is DatasetPhase.UNKNOWN


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"startedAt": "yesterday"}, {}),
        ({"attempts": [{"number": 1, "job": "a"}, {"job": "b"}, 7]}, {"attempts": [{"number": 1, "job": "a"}]}),
        ({"attempts": [{"number": 1, "job": "a", "exitCode": "x"}]}, {"attempts": [{"number": 1, "job": "a"}]}),
        ({"progress": {"percent": 400}}, {}),
        ({"message": "m" * 3000}, {"message": "m" * 2048}),
        ({"conditions": "none"}, {}),
    ],
    ids=[
        "a moment that is none",
        "an attempt without a number",
        "a code that is text",
        "more than all",
        "a long text",
        "text for a list",
    ],
)
def test_a_field_that_cannot_be_read_counts_as_absent(raw: Any, expected: Any) -> None:
    assert read_record(ModelStatus, raw) == ModelStatus.model_validate(expected)


def test_of_too_many_attempts_the_last_are_kept() -> None:
    status = read_record(ModelStatus, {"attempts": [{"number": n, "job": "j"} for n in range(1, 15)]})
    assert status is not None
    assert [attempt.number for attempt in status.attempts] == list(range(5, 15))


def test_a_record_without_what_it_must_have_is_none() -> None:
    assert parse_outcome('{"message": "no reason"}') is None
    assert parse_outcome('["Succeeded"]') is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_report_with_a_number_that_json_has_not_is_refused(number: str) -> None:
    said = '{"reason": "Succeeded", "message": "m", "meter": {"chargedSeconds": %s}}'
    assert parse_outcome(said % number) is None
    assert parse_outcome(said % "1.5") is not None


def test_a_spec_and_a_run_configuration_stay_strict() -> None:
    spec = {"task": "classifier", "dataset": "d", "budget": "10m"}
    assert ModelSpec.model_validate(spec)
    for unknown in ({"colour": "red"}, {"task": "poet"}):
        with pytest.raises(pydantic.ValidationError):
            ModelSpec.model_validate({**spec, **unknown})
    with pytest.raises(pydantic.ValidationError):
        RunConfig.model_validate({"command": "train", "colour": "red"})
