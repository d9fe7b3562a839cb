"""Dataset: images and COCO annotation files in object storage, read and checked by an inspection."""

from typing import Annotated

from pydantic import Field

from darkroom_api.conditions import DatasetPhase, Reason
from darkroom_api.schema import Object, Rule, Spec
from darkroom_api.v1alpha1.common import (
    AnnotationKind,
    Attempt,
    Column,
    Conditions,
    Kind,
    Message,
    Storage,
    Uri,
)


class UrlMapping(Spec):
    """Replaces the beginning of images' addresses: `AmlDatastore://` ones, moved buckets, folders of other machines."""

    from_prefix: Annotated[str, Field(min_length=1, max_length=2048)] = Field(
        alias="from",
        description="Beginning of `absolute_url`, `coco_url` or `file_name`, "
        "such as `AmlDatastore://workspaceblobstore/`.",
    )
    to_prefix: Annotated[str, Field(min_length=1, max_length=2048)] = Field(
        alias="to", description="What stands there instead, such as `s3://vision/`."
    )


class DatasetSpec(Spec):
    """Where the data is and how it is annotated."""

    annotation_kind: AnnotationKind = Field(description="What the annotations say about the images.")
    annotation_files: Annotated[tuple[Uri, ...], Field(min_length=1, max_length=10)] = Field(
        description="COCO files, merged by category name. `file:` URIs serve `darkroom run` only."
    )
    image_root: Uri | None = Field(
        default=None,
        description="Folder in which `file_name` is looked up; the folder of the annotation file when absent.",
    )
    url_mappings: Annotated[tuple[UrlMapping, ...], Field(max_length=20)] | None = Field(
        default=None,
        description="Beginnings of images' addresses and what replaces them. The first match counts, and an "
        "address that is mapped counts before one that is not.",
    )
    storage: Storage | None = Field(default=None, description="How the buckets named here are reached.")

    rules = (
        Rule(
            cel="self.annotationFiles.all(f, self.annotationFiles.exists_one(g, g == f))",
            message="annotationFiles: each file may be named once",
            holds=lambda spec: len(set(spec.annotation_files)) == len(spec.annotation_files),
        ),
        Rule(
            cel="!has(self.imageRoot) || !self.imageRoot.contains('/../')",
            message="imageRoot: must not contain /../",
            holds=lambda spec: spec.image_root is None or "/../" not in spec.image_root,
        ),
    )


class Category(Object):
    """One tag and how often it appears."""

    name: Annotated[str, Field(max_length=256)] = Field(description="Tag.")
    images: int = Field(description="Images that carry it.")
    annotations: int = Field(description="Annotations with it.")


class Problem(Object):
    """One thing that is wrong with the data."""

    subject: Annotated[str, Field(max_length=512)] = Field(
        description="File and id, such as `train.json image 12 (a.png)`."
    )
    message: Annotated[str, Field(max_length=512)] = Field(description="What is wrong and what to do.")


class DatasetSummary(Object):
    """What an inspection found."""

    images: Annotated[int, Field(ge=0)] = Field(description="Number of images.")
    annotations: Annotated[int, Field(ge=0)] = Field(description="Number of annotations.")
    categories: Annotated[tuple[Category, ...], Field(max_length=100)] = Field(
        default=(), description="Tags with their counts; the first 100, all of them in the report."
    )
    category_count: Annotated[int, Field(ge=0)] = Field(default=0, description="Number of tags.")
    revision: Annotated[str, Field(max_length=80)] | None = Field(
        default=None,
        description="Hash of the annotation files and of every image's size and ETag, as `sha256:...`.",
    )
    problems: Annotated[tuple[Problem, ...], Field(max_length=10)] = Field(
        default=(), description="The first problems; all of them in the report."
    )
    problem_count: Annotated[int, Field(ge=0)] = Field(default=0, description="Number of problems.")
    advice: Annotated[tuple[Problem, ...], Field(max_length=10)] = Field(
        default=(), description="What to look at, though nothing is wrong; all of it in the report."
    )
    advice_count: Annotated[int, Field(ge=0)] = Field(default=0, description="Number of pieces of advice.")
    report: Annotated[str, Field(max_length=2048)] | None = Field(
        default=None, description="URI of the report's page; `inspection.json` beside it holds every problem and count."
    )


class DatasetStatus(Object):
    """What the operator observed."""

    observed_generation: int = Field(default=0, description="Generation of the spec that this status is about.")
    phase: DatasetPhase = Field(default=DatasetPhase.PENDING, description="Summary of the conditions.")
    reason: Reason | None = Field(default=None, description="Why it is in this phase, as one word.")
    message: Message | None = Field(default=None, description="Why, as a sentence a user can act on.")
    summary: DatasetSummary | None = Field(default=None, description="What the last inspection found.")
    attempts: Annotated[tuple[Attempt, ...], Field(max_length=10)] = Field(
        default=(), description="The last inspections of this generation."
    )
    conditions: Conditions = ()


DATASET = Kind(
    name="Dataset",
    plural="datasets",
    short_name="dset",
    description="Images and COCO annotation files in object storage, inspected before anything trains on them.",
    spec=DatasetSpec,
    status=DatasetStatus,
    columns=(
        Column("Phase", "string", ".status.phase"),
        Column("Reason", "string", ".status.reason"),
        Column("Kind", "string", ".spec.annotationKind"),
        Column("Images", "integer", ".status.summary.images"),
        Column("Tags", "integer", ".status.summary.categoryCount"),
        Column("Advice", "integer", ".status.summary.adviceCount"),
        Column("Age", "date", ".metadata.creationTimestamp"),
        Column("Message", "string", ".status.message", priority=1),
    ),
)
