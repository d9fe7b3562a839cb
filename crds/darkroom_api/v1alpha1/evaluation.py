"""Evaluation: a finished Model measured on a Dataset."""

from typing import Annotated

from pydantic import Field

from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.common import QUEUE, Column, Compute, Kind, Performance, QueueName, ResourceName
from darkroom_api.v1alpha1.run_status import RunStatus


class EvaluationSpec(Spec):
    """Which Model to measure on which Dataset. Immutable, but for queue."""

    model: ResourceName = Field(description="Model to measure, in the same namespace.")
    dataset: ResourceName = Field(description="Dataset to measure on, in the same namespace.")
    compute: Compute | None = Field(default=None, description="The hardware to run on.")
    queue: QueueName | None = Field(default=None, description=QUEUE.format("the run"))

    immutable = ("model", "dataset", "compute")


class EvaluationStatus(RunStatus):
    """What the operator observed; it stays when the Model is deleted."""

    performance: Performance | None = Field(default=None, description="Scores on the Dataset.")
    report: Annotated[str, Field(max_length=2048)] | None = Field(
        default=None, description="URI of report.html: scores, curves and mistakes."
    )
    model_digest: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="Digest of the model that was measured."
    )


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
