"""What the status of every run says, be it a Model's, an Evaluation's or a Prediction's.

Owns the fields that all of them have; what a kind has to show beside them is in its own module.
"""

from typing import Annotated

from pydantic import Field

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.schema import Record, Timestamp, Whole
from darkroom_api.v1alpha1.common import Allocation, Artifacts, Attempt, Conditions, Message


class ProgressStatus(Record):
    """How far the running attempt is; written at most every 10 seconds."""

    percent: Annotated[int, Field(ge=0, le=100)] = Field(description="Share of the work that is done.")
    stage: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="What it is doing.")
    trial: Whole | None = Field(default=None, description="Number of the trial that runs.")
    eta_seconds: Whole | None = Field(default=None, description="Estimated seconds to the end.")
    nodes: Whole | None = Field(default=None, description="Nodes that take part now, where the run has several.")


class RunStatus(Record):
    """What the operator observed."""

    observed_generation: Whole = Field(default=0, description="Generation of the spec that this status is about.")
    phase: RunPhase = Field(default=RunPhase.QUEUED, description="Summary of the conditions.")
    reason: Reason | None = Field(default=None, description="Why it is in this phase, as one word.")
    message: Message | None = Field(default=None, description="Why, as a sentence a user can act on.")
    allocation: Allocation | None = Field(default=None, description="Hardware of the open or the last attempt.")
    attempts: Annotated[tuple[Attempt, ...], Field(max_length=10)] = Field(
        default=(), description="The last ten attempts."
    )
    progress: ProgressStatus | None = Field(default=None, description="How far the running attempt is.")
    artifacts: Artifacts | None = Field(default=None, description="Where the run's files are.")
    dataset_revision: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="Revision of the Dataset that it read."
    )
    queued_at: Timestamp | None = Field(default=None, description="When it was first seen.")
    started_at: Timestamp | None = Field(default=None, description="When its first container started.")
    completed_at: Timestamp | None = Field(default=None, description="When it ended.")
    conditions: Conditions = ()
