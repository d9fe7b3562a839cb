"""Evaluation: a finished Model measured on a Dataset."""

from typing import Annotated

from pydantic import Field

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.schema import Record, Spec, Timestamp, Whole
from darkroom_api.v1alpha1.common import (
    Allocation,
    Artifacts,
    Attempt,
    Column,
    Compute,
    Conditions,
    Kind,
    Message,
    Performance,
    ResourceName,
)
from darkroom_api.v1alpha1.model import ProgressStatus


class EvaluationSpec(Spec):
    """Which Model to measure on which Dataset. Immutable."""

    model: ResourceName = Field(description="Model to measure, in the same namespace.")
    dataset: ResourceName = Field(description="Dataset to measure on, in the same namespace.")
    compute: Compute | None = Field(default=None, description="The hardware to run on.")

    immutable = ("model", "dataset", "compute")


class EvaluationStatus(Record):
    """What the operator observed; it stays when the Model is deleted."""

    observed_generation: Whole = Field(default=0, description="Generation of the spec that this status is about.")
    phase: RunPhase = Field(default=RunPhase.QUEUED, description="Summary of the conditions.")
    reason: Reason | None = Field(default=None, description="Why it is in this phase, as one word.")
    message: Message | None = Field(default=None, description="Why, as a sentence a user can act on.")
    allocation: Allocation | None = Field(default=None, description="Hardware of the open or the last attempt.")
    attempts: Annotated[tuple[Attempt, ...], Field(max_length=10)] = Field(
        default=(), description="The last ten attempts."
    )
    progress: ProgressStatus | None = Field(default=None, description="How far the running attempt is.")
    performance: Performance | None = Field(default=None, description="Scores on the Dataset.")
    artifacts: Artifacts | None = Field(default=None, description="Where metrics, predictions and pictures are.")
    report: Annotated[str, Field(max_length=2048)] | None = Field(
        default=None, description="URI of report.html: scores, curves and mistakes."
    )
    model_digest: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="Digest of the model that was measured."
    )
    dataset_revision: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="Revision of the Dataset that it was measured on."
    )
    queued_at: Timestamp | None = Field(default=None, description="When it was first seen.")
    started_at: Timestamp | None = Field(default=None, description="When its first container started.")
    completed_at: Timestamp | None = Field(default=None, description="When it ended.")
    conditions: Conditions = ()


EVALUATION = Kind(
    name="Evaluation",
    plural="evaluations",
    short_name="evl",
    description="A finished Model, measured on a Dataset.",
    spec=EvaluationSpec,
    status=EvaluationStatus,
    columns=(
        Column("Phase", "string", ".status.phase"),
        Column("Reason", "string", ".status.reason"),
        Column("Model", "string", ".spec.model"),
        Column("Dataset", "string", ".spec.dataset"),
        Column("Score", "number", ".status.performance.score"),
        Column("Age", "date", ".metadata.creationTimestamp"),
        Column("Message", "string", ".status.message", priority=1),
    ),
)
