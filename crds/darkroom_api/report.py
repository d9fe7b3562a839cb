"""Trainer to operator: how far a run is, how it ended, and what it cost.

Owns Progress (served over HTTP), Outcome (the container's termination message, at most 4 KiB); the exit codes are in
`endings`.
"""

import json
from typing import Annotated, Final

from pydantic import Field

from darkroom_api.conditions import Reason
from darkroom_api.endings import ENDINGS, ExitCode
from darkroom_api.run_config import Command
from darkroom_api.schema import Record, RecordT, Whole, read_record
from darkroom_api.v1alpha1.common import Artifacts, Performance, StopReason
from darkroom_api.v1alpha1.dataset import DatasetSummary
from darkroom_api.v1alpha1.prediction import PredictionSummary

MAX_OUTCOME_BYTES: Final = 4096
"""What Kubernetes keeps of a termination message."""
_LIST_LENGTHS: Final = ((100, 3, 3), (30, 3, 3), (10, 3, 3), (10, 1, 1), (0, 1, 1), (0, 1, 0))
"""How many tags, problems and pieces of advice are told, tried in this order."""


class Meter(Record):
    """What a run cost. `charged_seconds` covers all attempts, since it travels inside the checkpoint."""

    charged_seconds: Annotated[float, Field(ge=0, le=1e18)] = 0.0
    devices: Annotated[int, Field(ge=1)] = 1
    milli_rate: Annotated[int, Field(ge=1)] = 1000


class Progress(Record):
    """What `/status` answers while a run works."""

    percent: Annotated[int, Field(ge=0, le=100)] = 0
    stage: Annotated[str, Field(max_length=64)] = "Starting"
    trial: Whole | None = None
    eta_seconds: Whole | None = None
    nodes: Whole | None = None
    """How many nodes take part now, where the run has several; while it waits for them, how many have joined.

    That of index 0, which answers, is one of them.
    """
    waits_for_nodes: bool = False
    """Whether it has not begun because too few have joined; nothing is charged meanwhile."""
    meter: Meter = Meter()


class Outcome(Record):
    """How a run ended. The rest is in the bucket."""

    command: Command | None = None
    reason: Reason
    message: Annotated[str, Field(max_length=1024)]
    meter: Meter = Meter()
    summary: DatasetSummary | None = None
    prediction: PredictionSummary | None = None
    performance: Performance | None = None
    artifacts: Artifacts | None = None
    dataset_revision: Annotated[str, Field(max_length=80)] | None = None
    stop_reason: StopReason | None = None
    report: Annotated[str, Field(max_length=2048)] | None = None
    model_digest: Annotated[str, Field(max_length=80)] | None = None

    @property
    def succeeded(self) -> bool:
        """Return whether the run ended with a result."""
        return self.reason is Reason.SUCCEEDED

    @property
    def exit_code(self) -> ExitCode:
        """Return the process exit code that goes with the reason."""
        code = ENDINGS[self.reason].exit_code
        assert code is not None
        return code

    def to_termination_message(self) -> str:
        """Return the JSON form in at most `MAX_OUTCOME_BYTES`: details that do not fit are left to the bucket."""
        bare = _without_tags(self)
        for outcome in (self, bare, *(_shorten_lists(bare, *lengths) for lengths in _LIST_LENGTHS)):
            text = outcome.model_dump_json(by_alias=True, exclude_none=True)
            if len(text.encode()) <= MAX_OUTCOME_BYTES:
                return text
        return Outcome(
            command=self.command, reason=self.reason, message=self.message[:256], meter=self.meter
        ).model_dump_json(by_alias=True, exclude_none=True)


def parse_outcome(text: str) -> Outcome | None:
    """Return the Outcome in a termination message, or None where a crash left log lines there instead."""
    outcome = _parse(Outcome, text)
    return outcome if outcome is not None and ENDINGS[outcome.reason].exit_code is not None else None


def parse_progress(text: str | bytes) -> Progress | None:
    """Return the Progress that `/status` answered, or None where it is something else."""
    return _parse(Progress, text)


def _parse(model: type[RecordT], text: str | bytes) -> RecordT | None:
    try:
        return read_record(model, json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return None


def _refuse(number: str) -> float:
    """Python reads NaN and Infinity, which JSON does not have and the API server does not take."""
    raise ValueError(f"{number} is no number of JSON")


def _without_tags(outcome: Outcome) -> Outcome:
    if outcome.performance is None:
        return outcome
    return outcome.model_copy(update={"performance": outcome.performance.model_copy(update={"tag_performance": None})})


def _shorten_lists(outcome: Outcome, categories: int, problems: int, advice: int) -> Outcome:
    if outcome.prediction is not None:
        shortened = outcome.prediction.model_copy(update={"problems": outcome.prediction.problems[:problems]})
        return outcome.model_copy(update={"prediction": shortened})
    found = outcome.summary
    if found is None:
        return outcome
    update = {
        "categories": found.categories[:categories],
        "problems": found.problems[:problems],
        "advice": found.advice[:advice],
    }
    return outcome.model_copy(update={"summary": found.model_copy(update=update)})
