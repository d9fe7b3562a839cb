"""Prediction: a finished Model's answers to images that nobody has labelled yet, to be reviewed and trained on."""

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from darkroom_api.names import VOLUME_SCHEME
from darkroom_api.schema import Amount, Count, Record, Rule, Spec
from darkroom_api.v1alpha1.common import QUEUE, Column, Compute, FolderUri, Kind, QueueName, ResourceName, SourceStorage
from darkroom_api.v1alpha1.dataset import Problem
from darkroom_api.v1alpha1.run_status import RunStatus


class PredictionFormat(StrEnum):
    """A file that holds the answers."""

    COCO = "COCO"
    """`prelabels.json`, with scores."""
    LABEL_STUDIO = "LabelStudio"
    """`tasks.json`, with predictions."""
    JSON = "JSON"
    """`predictions.jsonl`, a line for each image."""


DEFAULT_FORMATS: Final = (PredictionFormat.COCO, PredictionFormat.LABEL_STUDIO)


class ImageFolder(Spec):
    """A folder of images."""

    uri: FolderUri = Field(
        description="Every image below this folder is answered. A `volume:` address begins at the root of "
        "`storage.volumeClaim`; a `file:` URI serves `darkroom run` only."
    )
    storage: SourceStorage | None = Field(default=None, description="How that bucket or volume is reached.")

    rules = (
        Rule(
            cel="!(self.uri + '/').contains('/../') && !(self.uri + '/').startsWith('volume:../')",
            message="images.uri: must not contain /../",
            holds=lambda folder: not re.search("(/|^volume:)[.][.]/", f"{folder.uri}/"),
        ),
        Rule(
            cel="!self.uri.startsWith('volume:') || (has(self.storage) && has(self.storage.volumeClaim))",
            message="images.storage: volumeClaim must name the PersistentVolumeClaim that the volume: address is in",
            holds=lambda folder: (
                not folder.uri.startswith(VOLUME_SCHEME)
                or (folder.storage is not None and folder.storage.volume_claim is not None)
            ),
        ),
    )


class PredictionSpec(Spec):
    """Which Model answers which images. Immutable, but for queue."""

    model: ResourceName = Field(description="Model that answers, in the same namespace.")
    dataset: ResourceName | None = Field(
        default=None, description="Dataset, in the same namespace, whose images without a label are answered."
    )
    images: ImageFolder | None = Field(
        default=None, description="Folder of images to answer, but for those that the Model was trained on."
    )
    threshold: Annotated[float, Field(strict=True)] | None = Field(
        default=None, description="Least score of an answer; the Model's own threshold when absent."
    )
    write: Annotated[tuple[PredictionFormat, ...], Field(min_length=1, max_length=3)] | None = Field(
        default=None, description="Files to write; COCO and LabelStudio when absent."
    )
    compute: Compute | None = Field(default=None, description="The hardware to run on.")
    queue: QueueName | None = Field(default=None, description=QUEUE.format("the run"))

    immutable = ("model", "dataset", "images", "threshold", "write", "compute")
    rules = (
        Rule(
            cel="has(self.dataset) != has(self.images)",
            message="dataset: give exactly one of dataset and images",
            holds=lambda spec: (spec.dataset is None) != (spec.images is None),
        ),
        Rule(
            cel="!has(self.threshold) || (self.threshold > 0.0 && self.threshold < 1.0)",
            message="threshold: must be more than 0 and less than 1",
            holds=lambda spec: spec.threshold is None or 0 < spec.threshold < 1,
        ),
        Rule(
            cel="!has(self.write) || self.write.all(f, self.write.exists_one(g, g == f))",
            message="write: each format may be named once",
            holds=lambda spec: spec.write is None or len(set(spec.write)) == len(spec.write),
        ),
    )


class PredictionSummary(Record):
    """What was answered, and what was not."""

    images: Count = Field(description="Images that were answered.")
    objects: Count = Field(description="Answers of at least the threshold: boxes, or tags of whole images.")
    below_threshold: Count = Field(default=0, description="Images of which no answer reached the threshold.")
    already_labelled: Count = Field(
        default=0, description="Images passed over because they are labelled, by their address or their content."
    )
    unreadable: Count = Field(default=0, description="Images passed over because they could not be read.")
    threshold: Amount | None = Field(default=None, description="Least score that counted.")
    problems: Annotated[tuple[Problem, ...], Field(max_length=10)] = Field(
        default=(), description="The first problems, such as images that could not be read."
    )
    problem_count: Count = Field(default=0, description="Number of problems.")


class PredictionStatus(RunStatus):
    """What the operator observed; it stays when the Model is deleted."""

    summary: PredictionSummary | None = Field(default=None, description="What was answered.")
    model_digest: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="Digest of the model that answered."
    )


PREDICTION = Kind(
    name="Prediction",
    plural="predictions",
    short_name="pdn",
    description="A finished Model's answers to images without labels, written as labels to review.",
    spec=PredictionSpec,
    status=PredictionStatus,
    columns=(
        Column("Phase", "string", ".status.phase"),
        Column("Reason", "string", ".status.reason"),
        Column("Model", "string", ".spec.model"),
        Column("Images", "integer", ".status.summary.images"),
        Column("Objects", "integer", ".status.summary.objects"),
        Column("Age", "date", ".metadata.creationTimestamp"),
        Column("Message", "string", ".status.message", priority=1),
    ),
)
