"""Dataset: images and annotation files in object storage, read and checked by an inspection."""

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from darkroom_api.conditions import DatasetPhase, Reason
from darkroom_api.names import VOLUME_SCHEME
from darkroom_api.schema import Count, Record, Rule, Spec, Whole
from darkroom_api.v1alpha1.common import (
    QUEUE,
    VOLUME_EXIT_PATTERN,
    AnnotationKind,
    Attempt,
    Column,
    Conditions,
    Kind,
    Message,
    QueueName,
    SourceStorage,
    Uri,
)


class AnnotationFormat(StrEnum):
    """The form of a Dataset's annotation files."""

    COCO = "COCO"
    YOLO = "YOLO"
    PASCAL_VOC = "PascalVOC"
    FOLDERS = "Folders"


class Split(StrEnum):
    """A part of the images that a data.yaml names."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


FORMAT_KINDS: Final = {
    AnnotationFormat.YOLO: AnnotationKind.DETECTION,
    AnnotationFormat.PASCAL_VOC: AnnotationKind.DETECTION,
    AnnotationFormat.FOLDERS: AnnotationKind.CLASSIFICATION,
}
"""The one annotation kind that a format can express; COCO expresses all of them."""
_VOC_NAME: Final = re.compile(r"(?i)(/|\.xml)([?].*)?$")


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


def _list_addresses(spec: "DatasetSpec") -> list[str]:
    return [*spec.annotation_files, spec.image_root or "", *(mapping.to_prefix for mapping in spec.url_mappings or ())]


def _has_claim(spec: "DatasetSpec") -> bool:
    return spec.storage is not None and spec.storage.volume_claim is not None


class DatasetSpec(Spec):
    """Where the data is and how it is annotated."""

    annotation_kind: AnnotationKind = Field(description="What the annotations say about the images.")
    annotation_files: Annotated[tuple[Uri, ...], Field(min_length=1, max_length=10)] = Field(
        description="What says what the images show, merged by the tags' names: COCO files, `data.yaml` of YOLO, "
        "folders (ending in `/`) or files of Pascal VOC, or folders (ending in `/`) that hold a folder for each class. "
        "`volume:` addresses begin at the root of `storage.volumeClaim`; `file:` URIs serve `darkroom run` only."
    )
    format: AnnotationFormat | None = Field(
        default=None,
        description="Form of the annotation files; COCO when absent. YOLO and PascalVOC are for imageObjectDetection, "
        "Folders is for imageClassification.",
    )
    splits: Annotated[tuple[Split, ...], Field(min_length=1, max_length=3)] | None = Field(
        default=None,
        description="YOLO: which parts of a `data.yaml` are read; `train` when absent. `val` is best a Dataset of its "
        "own, as a Model's `evaluationDataset`.",
    )
    image_root: Uri | None = Field(
        default=None,
        description="Folder in which `file_name` is looked up; the folder of the annotation file when absent. YOLO: "
        "the folder that `train` and `val` are below. PascalVOC: the folder of the images.",
    )
    url_mappings: Annotated[tuple[UrlMapping, ...], Field(max_length=20)] | None = Field(
        default=None,
        description="Beginnings of images' addresses and what replaces them. The first match counts, and an "
        "address that is mapped counts before one that is not.",
    )
    storage: SourceStorage | None = Field(
        default=None, description="How the buckets and the volume named here are reached."
    )
    queue: QueueName | None = Field(default=None, description=QUEUE.format("the inspection"))

    rules = (
        Rule(
            cel="self.annotationFiles.all(f, self.annotationFiles.exists_one(g, g == f))",
            message="annotationFiles: each file may be named once",
            holds=lambda spec: len(set(spec.annotation_files)) == len(spec.annotation_files),
        ),
        Rule(
            cel="!has(self.imageRoot) || !(self.imageRoot.contains('/../') "
            f"|| self.imageRoot.matches('{VOLUME_EXIT_PATTERN}'))",
            message="imageRoot: must not contain /../",
            holds=lambda spec: (
                spec.image_root is None
                or not ("/../" in spec.image_root or re.search(VOLUME_EXIT_PATTERN, spec.image_root))
            ),
        ),
        Rule(
            cel="(has(self.storage) && has(self.storage.volumeClaim)) "
            "|| !(self.annotationFiles.exists(f, f.startsWith('volume:')) "
            "|| (has(self.imageRoot) && self.imageRoot.startsWith('volume:')) "
            "|| (has(self.urlMappings) && self.urlMappings.exists(m, m.to.startsWith('volume:'))))",
            message="storage: volumeClaim must name the PersistentVolumeClaim that volume: addresses are in",
            holds=lambda spec: (
                _has_claim(spec) or not any(uri.startswith(VOLUME_SCHEME) for uri in _list_addresses(spec))
            ),
        ),
        Rule(
            cel=f"!self.annotationFiles.exists(f, f.matches('{VOLUME_EXIT_PATTERN}'))",
            message="annotationFiles: a volume: address must not contain ..: it begins at the root of the claim",
            holds=lambda spec: not any(re.search(VOLUME_EXIT_PATTERN, uri) for uri in spec.annotation_files),
        ),
        Rule(
            cel="!has(self.format) || self.format == 'COCO' || "
            "self.annotationKind == (self.format == 'Folders' ? 'imageClassification' : 'imageObjectDetection')",
            message="format: YOLO and PascalVOC are for imageObjectDetection, Folders is for imageClassification",
            holds=lambda spec: spec.format not in FORMAT_KINDS or spec.annotation_kind is FORMAT_KINDS[spec.format],
        ),
        Rule(
            cel="!has(self.format) || self.format != 'Folders' || "
            "self.annotationFiles.all(f, f.endsWith('/') && !f.startsWith('https://'))",
            message="annotationFiles: format Folders takes folders, written with / at the end; https:// lists none",
            holds=lambda spec: (
                spec.format is not AnnotationFormat.FOLDERS
                or all(uri.endswith("/") and not uri.startswith("https://") for uri in spec.annotation_files)
            ),
        ),
        Rule(
            cel="!has(self.format) || self.format != 'PascalVOC' || self.annotationFiles.all(f, "
            "f.matches('(?i)(/|[.]xml)([?].*)?$') && !(f.startsWith('https://') && f.endsWith('/')))",
            message="annotationFiles: format PascalVOC takes .xml files, and folders of them, written with / at the "
            "end; https:// lists none",
            holds=lambda spec: (
                spec.format is not AnnotationFormat.PASCAL_VOC
                or all(_VOC_NAME.search(uri) and not _is_web_folder(uri) for uri in spec.annotation_files)
            ),
        ),
        Rule(
            cel="!has(self.splits) || (has(self.format) && self.format == 'YOLO')",
            message="splits: only a data.yaml has them; set format: YOLO, or leave splits out",
            holds=lambda spec: spec.splits is None or spec.format is AnnotationFormat.YOLO,
        ),
        Rule(
            cel="!has(self.splits) || self.splits.all(s, self.splits.exists_one(t, t == s))",
            message="splits: each may be named once",
            holds=lambda spec: spec.splits is None or len(set(spec.splits)) == len(spec.splits),
        ),
        Rule(
            cel="!has(self.imageRoot) || !has(self.format) || self.format != 'Folders'",
            message="imageRoot: format Folders has its images in annotationFiles; leave imageRoot out",
            holds=lambda spec: spec.image_root is None or spec.format is not AnnotationFormat.FOLDERS,
        ),
    )


def _is_web_folder(uri: str) -> bool:
    return uri.startswith("https://") and uri.endswith("/")


class Category(Record):
    """One tag and how often it appears."""

    name: Annotated[str, Field(max_length=256)] = Field(description="Tag.")
    images: Whole = Field(description="Images that carry it.")
    annotations: Whole = Field(description="Annotations with it.")


class Problem(Record):
    """One thing that is wrong with the data."""

    subject: Annotated[str, Field(max_length=512)] = Field(
        description="File and id or line, such as `train.json image 12 (a.png)` or `labels/a.txt line 3`."
    )
    message: Annotated[str, Field(max_length=512)] = Field(description="What is wrong and what to do.")


class DatasetSummary(Record):
    """What an inspection found."""

    images: Count = Field(description="Number of images.")
    annotations: Count = Field(description="Number of annotations.")
    categories: Annotated[tuple[Category, ...], Field(max_length=100)] = Field(
        default=(), description="Tags with their counts; the first 100, all of them in the report."
    )
    category_count: Count = Field(default=0, description="Number of tags.")
    revision: Annotated[str, Field(max_length=80)] | None = Field(
        default=None,
        description="Hash of the annotation files and of every image's size and ETag, as `sha256:...`.",
    )
    problems: Annotated[tuple[Problem, ...], Field(max_length=10)] = Field(
        default=(), description="The first problems; all of them in the report."
    )
    problem_count: Count = Field(default=0, description="Number of problems.")
    advice: Annotated[tuple[Problem, ...], Field(max_length=10)] = Field(
        default=(), description="What to look at, though nothing is wrong; all of it in the report."
    )
    advice_count: Count = Field(default=0, description="Number of pieces of advice.")
    report: Annotated[str, Field(max_length=2048)] | None = Field(
        default=None, description="URI of the report's page; `inspection.json` beside it holds every problem and count."
    )


class DatasetStatus(Record):
    """What the operator observed."""

    observed_generation: Whole = Field(default=0, description="Generation of the spec that this status is about.")
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
    description="Images and annotation files in object storage, inspected before anything trains on them.",
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
