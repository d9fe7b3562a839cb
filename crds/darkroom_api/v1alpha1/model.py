"""Model: a task, a Dataset and a budget in compute time."""

from typing import Annotated

from pydantic import Field, StrictBool

from darkroom_api.durations import DURATION_PATTERN, parse_duration
from darkroom_api.schema import Amount, Record, Rule, Spec
from darkroom_api.v1alpha1.common import (
    QUEUE,
    BucketUri,
    Column,
    Compute,
    Kind,
    Performance,
    QueueName,
    ResourceName,
    StopReason,
    Storage,
    Task,
)
from darkroom_api.v1alpha1.run_status import RunStatus

BACKBONE_PATTERN = r"^[a-z0-9][a-z0-9_.]*$"
MAX_NODES = 64
MAX_BUDGET_SECONDS = 1344 * 3600
"""The replaced service's own bound: 1344 hours (its quota page, detectors)."""


class Output(Spec):
    """Where the artifacts go."""

    uri: BucketUri = Field(description="Folder below which each resource gets a folder of its own.")
    storage: Storage | None = Field(default=None, description="How that bucket is reached; the Dataset's when absent.")


def _nodes_fit(compute: "TrainingCompute") -> bool:
    return (compute.min_nodes or 1) <= (compute.nodes or 1)


class TrainingCompute(Compute):
    """The hardware that a training asks for: devices of one pod, and pods that train one model together."""

    nodes: Annotated[int, Field(strict=True, ge=1, le=MAX_NODES)] | None = Field(
        default=None, description="Number of pods, each with `devices`; 1 when absent."
    )
    min_nodes: Annotated[int, Field(strict=True, ge=1, le=MAX_NODES)] | None = Field(
        default=None, description="So many of the pods are enough to begin; as many as `nodes` when absent."
    )

    rules = (
        Rule(
            cel="!has(self.minNodes) || self.minNodes <= (has(self.nodes) ? self.nodes : 1)",
            message="compute.minNodes: must not be more than compute.nodes, which is 1 when absent",
            holds=_nodes_fit,
        ),
    )


def _budget_fits(spec: "ModelSpec") -> bool:
    return 0 < parse_duration(spec.budget) <= MAX_BUDGET_SECONDS


class ModelSpec(Spec):
    """What to train, on what, for how long. Immutable, but for suspend, cancel, queue and priorityClassName."""

    task: Task = Field(description="What the model learns to do.")
    dataset: ResourceName = Field(description="Dataset to train on, in the same namespace.")
    evaluation_dataset: ResourceName | None = Field(
        default=None, description="Dataset to measure on; a random part of the training data when absent."
    )
    budget: Annotated[str, Field(min_length=2, max_length=20, pattern=DURATION_PATTERN)] = Field(
        description="Compute time: devices x time x speed of the hardware, such as 90m. Never exceeded; "
        "waiting and work lost to the infrastructure cost nothing."
    )
    compute: TrainingCompute | None = Field(default=None, description="The hardware to train on.")
    queue: QueueName | None = Field(default=None, description=QUEUE.format("the run"))
    priority_class_name: ResourceName | None = Field(default=None, description="PriorityClass of the run's pods.")
    suspend: StrictBool | None = Field(default=None, description="True frees the devices after a checkpoint.")
    cancel: StrictBool | None = Field(default=None, description="True ends the run for good.")
    backbone: Annotated[str, Field(min_length=1, max_length=128, pattern=BACKBONE_PATTERN)] | None = Field(
        default=None,
        description="Base network by its timm name, or a detector, dfine_nano_coco; chosen by the search when absent.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=2147483647)] | None = Field(
        default=None, description="Seed of everything random; 0 when absent."
    )
    output: Output | None = Field(
        default=None, description="Where artifacts go; the installation's default, else beside the dataset."
    )

    immutable = ("task", "dataset", "evaluationDataset", "budget", "compute", "backbone", "seed", "output")
    rules = (
        Rule(
            cel="duration(self.budget) > duration('0s') && duration(self.budget) <= duration('1344h')",
            message="budget: must be more than 0s and at most 1344h",
            holds=_budget_fits,
        ),
        Rule(
            cel="!has(self.evaluationDataset) || self.evaluationDataset != self.dataset",
            message="evaluationDataset: must differ from dataset, a model is not measured on what it learned from",
            holds=lambda spec: spec.evaluation_dataset != spec.dataset,
        ),
    )


class BudgetStatus(Record):
    """The two meters of a Model, in reference-device seconds."""

    total_seconds: Amount = Field(description="The budget.")
    charged_seconds: Amount = Field(default=0.0, description="Kept work, metered by the trainer.")
    allocated_seconds: Amount = Field(default=0.0, description="What the pods really held, by the kubelet's times.")
    remaining_seconds: Amount = Field(description="Total less charged.")


class ModelStatus(RunStatus):
    """What the operator observed."""

    budget: BudgetStatus | None = Field(default=None, description="The two meters.")
    performance: Performance | None = Field(default=None, description="Scores, and the data they were measured on.")
    stop_reason: StopReason | None = Field(default=None, description="Why the training ended where it did.")
    report: Annotated[str, Field(max_length=2048)] | None = Field(
        default=None, description="URI of report.html: scores, curves, trials, mistakes and what to do next."
    )


MODEL = Kind(
    name="Model",
    plural="models",
    short_name="mdl",
    description="A custom vision model, trained on a Dataset within a budget of compute time.",
    spec=ModelSpec,
    status=ModelStatus,
    columns=(
        Column("Phase", "string", ".status.phase"),
        Column("Reason", "string", ".status.reason"),
        Column("Task", "string", ".spec.task"),
        Column("Budget", "string", ".spec.budget"),
        Column("Used", "number", ".status.budget.chargedSeconds"),
        Column("Score", "number", ".status.performance.score"),
        Column("Age", "date", ".metadata.creationTimestamp"),
        Column("Message", "string", ".status.message", priority=1),
    ),
)
