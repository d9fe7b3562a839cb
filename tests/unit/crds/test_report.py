"""Outcomes that fit a termination message, and what of a message is no outcome."""

import pytest
from pydantic import ValidationError

from darkroom_api.conditions import Reason
from darkroom_api.endings import ENDINGS
from darkroom_api.report import MAX_OUTCOME_BYTES, Outcome, Progress, parse_outcome
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.dataset import Problem
from darkroom_api.v1alpha1.prediction import PredictionSummary
from tests.unit.crds.v1alpha1.outcomes import a_performance, a_summary, an_outcome


@pytest.mark.parametrize(
    "outcome",
    [
        an_outcome(),
        an_outcome(message="ß" * 1024),
        an_outcome(performance=a_performance(2000)),
        an_outcome(command=Command.INSPECT, summary=a_summary(100)),
        an_outcome(command=Command.INSPECT, summary=a_summary(100, "漢"), message="漢" * 1024),
        an_outcome(artifacts=Artifacts(uri="s3://" + "x" * 2000, digest="sha256:" + "0" * 64), message="x" * 1024),
        an_outcome(
            artifacts=Artifacts(uri="s3://" + "漢" * 2000), performance=a_performance(2000), message="漢" * 1024
        ),
    ],
    ids=[
        "small",
        "a message of many bytes",
        "2,000 tags",
        "100 long tags",
        "wide characters",
        "a long uri",
        "everything",
    ],
)
def test_an_outcome_fits_a_termination_message_and_reads_back(outcome: Outcome) -> None:
    text = outcome.to_termination_message()
    assert len(text.encode()) <= MAX_OUTCOME_BYTES
    read = parse_outcome(text)
    assert read is not None
    assert (read.command, read.reason, read.meter) == (outcome.command, outcome.reason, outcome.meter)
    assert read.message
    assert outcome.message.startswith(read.message)


def test_a_score_survives_when_its_tags_do_not_fit() -> None:
    read = parse_outcome(an_outcome(performance=a_performance(2000)).to_termination_message())
    assert read is not None
    assert read.performance is not None
    assert read.performance.score == 0.97
    assert read.performance.tag_performance is None


def test_the_first_problem_survives_when_the_lists_do_not_fit() -> None:
    summary = a_summary(100)
    read = parse_outcome(an_outcome(command=Command.INSPECT, summary=summary).to_termination_message())
    assert read is not None
    assert read.summary is not None
    assert read.summary.problems[0] == summary.problems[0]
    assert read.summary.category_count == 100


def test_the_counts_of_a_prediction_survive_when_its_problems_do_not_fit() -> None:
    problems = tuple(Problem(subject=f"new/{n}.png", message="漢" * 512) for n in range(10))
    summary = PredictionSummary(images=7, objects=9, unreadable=70, problems=problems, problem_count=70)
    text = an_outcome(command=Command.PREDICT, prediction=summary, message="x" * 1024).to_termination_message()
    read = parse_outcome(text)
    assert read is not None
    assert read.prediction == summary.model_copy(update={"problems": problems[:1]})


def test_advice_is_told_as_long_as_there_is_room_after_the_problems() -> None:
    advice = tuple(Problem(subject=f"train.json image {n}", message="x" * 400) for n in range(10))
    summary = a_summary(100).model_copy(update={"problems": (), "advice": advice, "advice_count": 70})
    read = parse_outcome(an_outcome(command=Command.INSPECT, summary=summary).to_termination_message())
    assert read is not None
    assert read.summary is not None
    assert (read.summary.advice, read.summary.advice_count) == (advice[:3], 70)
    assert len(read.summary.categories) == 10


@pytest.mark.parametrize("text", ["", "Killed", "Traceback (most recent call last):", "{}", '{"command": "train"}'])
def test_log_lines_are_no_outcome(text: str) -> None:
    assert parse_outcome(text) is None


@pytest.mark.parametrize("reason", [reason for reason, row in ENDINGS.items() if row.exit_code is None])
def test_a_report_with_a_reason_that_no_trainer_has_is_none(reason: Reason) -> None:
    assert parse_outcome(an_outcome(reason=reason).to_termination_message()) is None


NOT_NUMBERS = ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize("number", NOT_NUMBERS)
@pytest.mark.parametrize(
    "field",
    [
        '"meter": {"chargedSeconds": NUMBER}',
        '"performance": {"measuredOn": "holdOut", "images": 9, "score": NUMBER}',
        '"performance": {"measuredOn": "holdOut", "images": 9, "scoreInterval": {"low": 0.1, "high": NUMBER}}',
        '"performance": {"measuredOn": "holdOut", "images": 9, "tagPerformance": {"a": {"accuracy": NUMBER}}}',
    ],
    ids=["a charge", "a score", "an interval", "a score of a tag"],
)
def test_a_report_with_what_is_no_number_is_refused(field: str, number: str) -> None:
    text = '{"command": "train", "reason": "Succeeded", "message": "Done.", ' + field + "}"
    assert parse_outcome(text.replace("NUMBER", "0.5")) is not None
    assert parse_outcome(text.replace("NUMBER", number)) is None


@pytest.mark.parametrize("number", NOT_NUMBERS)
def test_progress_with_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValidationError, match="chargedSeconds"):
        Progress.model_validate_json(f'{{"percent": 5, "meter": {{"chargedSeconds": {number}}}}}')
