"""Types that more than one kind uses: references, storage, performance, and how a kind is described."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from darkroom_api.conditions import Condition
from darkroom_api.schema import Amount, Count, Record, Rule, Spec, Stamp, Whole, Word

NAME_PATTERN: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
URI_PATTERN: Final = r"^(https://[^\s]+|(s3://|az://|file:|volume:)[^\s]+( +[^\s]+)*)$"
"""Keys and files may hold spaces, but neither begin nor end with one."""
BUCKET_PATTERN: Final = r"^(s3://|az://|file:)[^\s]+( +[^\s]+)*$"
FOLDER_PATTERN: Final = r"^(s3://|az://|file:|volume:)[^\s]+( +[^\s]+)*$"
VOLUME_EXIT_PATTERN: Final = r"^volume:(.*/)?[.][.](/.*)?$"
"""An address that would leave its claim."""
STORAGE_ENDPOINT_PATTERN: Final = r"^https?://[^\s/]+(/[a-z0-9]+)?/?$"
"""An account of Azure Blob has a path where its service has no name for each account (Azure Stack, Azurite)."""

ResourceName = Annotated[str, Field(min_length=1, max_length=253, pattern=NAME_PATTERN)]
QueueName = Annotated[str, Field(min_length=1, max_length=63, pattern=NAME_PATTERN)]
"""Kueue reads it from a label, which holds no more."""
QUEUE: Final = "Kueue LocalQueue, in the same namespace, that admits {}; the installation's default when absent."
"""What `queue` is, on every kind."""
Uri = Annotated[str, Field(min_length=1, max_length=2048, pattern=URI_PATTERN)]
BucketUri = Annotated[str, Field(min_length=1, max_length=2048, pattern=BUCKET_PATTERN)]
FolderUri = Annotated[str, Field(min_length=1, max_length=2048, pattern=FOLDER_PATTERN)]
"""A folder that can be listed."""
Message = Annotated[str, Field(max_length=2048)]
Conditions = Annotated[
    tuple[Condition, ...],
    Field(
        max_length=8,
        description="The state in Kubernetes' own form, for `kubectl wait` and GitOps tools.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    ),
]


class AnnotationKind(StrEnum):
    """What the annotations of a Dataset say about its images."""

    CLASSIFICATION = "imageClassification"
    MULTILABEL = "imageMultilabelClassification"
    DETECTION = "imageObjectDetection"


class Task(StrEnum):
    """What a Model learns to do."""

    CLASSIFIER = "classifier"
    MULTILABEL_CLASSIFIER = "multilabelClassifier"
    DETECTOR = "detector"
    PRODUCT_RECOGNIZER = "productRecognizer"

    @property
    def has_boxes(self) -> bool:
        """Return whether predictions of this task are about parts of an image."""
        return TASK_ANNOTATIONS[self] is AnnotationKind.DETECTION

    @property
    def is_multilabel(self) -> bool:
        """Return whether an image has any number of tags as a whole."""
        return TASK_ANNOTATIONS[self] is AnnotationKind.MULTILABEL

    @property
    def score_name(self) -> str:
        """Return which score of a Performance is its `score`, the one to show."""
        return _SCORE_NAMES[TASK_ANNOTATIONS[self]]


TASK_ANNOTATIONS: Final[dict[Task, AnnotationKind]] = {
    Task.CLASSIFIER: AnnotationKind.CLASSIFICATION,
    Task.MULTILABEL_CLASSIFIER: AnnotationKind.MULTILABEL,
    Task.DETECTOR: AnnotationKind.DETECTION,
    Task.PRODUCT_RECOGNIZER: AnnotationKind.DETECTION,
}
"""The annotation kind that each task trains and evaluates on."""
_SCORE_NAMES: Final = {
    AnnotationKind.CLASSIFICATION: "accuracyTop1",
    AnnotationKind.MULTILABEL: "averagePrecision",
    AnnotationKind.DETECTION: "meanAveragePrecision50",
}


class Storage(Spec):
    """How a bucket is reached. The operator never reads the Secret; the pod mounts it."""

    endpoint: Annotated[str, Field(max_length=512, pattern=STORAGE_ENDPOINT_PATTERN)] | None = Field(
        default=None,
        description="URL of an S3-compatible service (AWS when absent), or of the account of `az://` addresses, as "
        "https://ACCOUNT.blob.core.windows.net.",
    )
    region: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9-]+$")] | None = Field(
        default=None, description="Region of the bucket."
    )
    credentials_secret: ResourceName | None = Field(
        default=None,
        description="Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or with AZURE_STORAGE_KEY or SAS_URL, in "
        "the same namespace; its name must match a pattern that the installation allows.",
    )
    service_account_name: ResourceName | None = Field(
        default=None,
        description="ServiceAccount whose cloud identity may read the bucket; its name must match a pattern that the "
        "installation allows.",
    )

    rules = (
        Rule(
            cel="!(has(self.credentialsSecret) && has(self.serviceAccountName))",
            message="storage: give credentialsSecret or serviceAccountName, not both",
            holds=lambda storage: storage.credentials_secret is None or storage.service_account_name is None,
        ),
    )


class SourceStorage(Storage):
    """How what is only read is reached: buckets, and a volume beside them. The operator never reads the claim."""

    volume_claim: ResourceName | None = Field(
        default=None,
        description="PersistentVolumeClaim, in the same namespace, of which `volume:` addresses name the files, from "
        "its root. It is mounted read-only; its name must match a pattern that the installation allows.",
    )


class Compute(Spec):
    """The hardware that a run asks for."""

    class_name: Annotated[str, Field(min_length=1, max_length=63, pattern=NAME_PATTERN)] | None = Field(
        default=None, alias="class", description="Compute class of this installation; its default class when absent."
    )
    devices: Annotated[int, Field(strict=True, ge=1, le=64)] | None = Field(
        default=None, description="Number of devices in one pod; 1 when absent."
    )


class MeasuredOn(Word):
    """The data that a performance was measured on."""

    HOLD_OUT = "holdOut"
    EVALUATION_DATASET = "evaluationDataset"
    UNKNOWN = "unknown"
    """Only read: what another version measured on."""


class StopReason(Word):
    """Why a training ended where it did; a budget is spent only as long as more of it would help."""

    CONVERGED = "Converged"
    NO_PROGRESS = "NoProgress"
    CEILING = "Ceiling"
    BUDGET_REACHED = "BudgetReached"
    TRIALS_EXHAUSTED = "TrialsExhausted"
    FEW_IMAGES = "FewImages"
    UNKNOWN = "Unknown"
    """Only read: a reason of another version."""


STOP_MEANINGS: Final[dict[StopReason, str]] = {
    StopReason.CONVERGED: (
        "The last rounds improved the score by less than its noise (half a standard error, at least 0.002)."
    ),
    StopReason.NO_PROGRESS: "Several consecutive longer trainings did not improve the score at all.",
    StopReason.CEILING: "The score is as good as these images can show.",
    StopReason.BUDGET_REACHED: "The budget was spent; more of it may give a better model.",
    StopReason.TRIALS_EXHAUSTED: "Every recipe worth a trial was trained until its score stopped improving.",
    StopReason.FEW_IMAGES: (
        "With so few images no network was trained: it would add nothing to the classifier on frozen features."
    ),
    StopReason.UNKNOWN: "Another version of Darkroom trained the model, and stopped for a reason of its own.",
}
"""What each reason tells a user, for the reference page and the report."""


class TagPerformance(Record):
    """How one tag does."""

    accuracy: float | None = Field(default=None, description="Classification: recall of the tag.")
    average_precision: float | None = Field(default=None, description="Multilabel: average precision of the tag.")
    average_precision50: float | None = Field(default=None, description="Detection: average precision at IoU 0.5.")


class ScoreInterval(Record):
    """Where the score would lie in 95 of 100 other draws of as many images: a percentile bootstrap over images."""

    low: float = Field(description="2.5th percentile.")
    high: float = Field(description="97.5th percentile.")


class Performance(Record):
    """Scores by the names of the service that Darkroom replaces; all between 0 and 1.

    Source of the names: ModelPerformance of the Computer Vision REST API, 2023-04-01-preview.
    """

    measured_on: MeasuredOn = Field(description="The data that these numbers come from.")
    images: Count = Field(description="Number of images measured.")
    score: float | None = Field(
        default=None,
        description="The one number to show: accuracyTop1 of a classifier, averagePrecision of a multilabel one, "
        "meanAveragePrecision50 where there are boxes.",
    )
    score_interval: ScoreInterval | None = Field(default=None, description="95 % interval of the score.")
    accuracy_top1: float | None = Field(default=None, description="Classification: the best guess is right.")
    accuracy_top5: float | None = Field(default=None, description="Classification: one of the best five is right.")
    balanced_accuracy: float | None = Field(
        default=None, description="Classification: mean recall of the tags that have images."
    )
    average_precision: float | None = Field(default=None, description="Classification: mean over tags.")
    calibration_ece: float | None = Field(
        default=None, alias="calibrationECE", description="Classification: expected calibration error, 15 bins."
    )
    mean_average_precision30: float | None = Field(default=None, description="Detection: mAP at IoU 0.3.")
    mean_average_precision50: float | None = Field(default=None, description="Detection: mAP at IoU 0.5.")
    mean_average_precision75: float | None = Field(default=None, description="Detection: mAP at IoU 0.75.")
    mean_average_precision: float | None = Field(
        default=None, description="Detection: COCO's mAP, the mean over IoU 0.50, 0.55 to 0.95."
    )
    box_average_precision50: float | None = Field(
        default=None, description="Product recognition: mAP at IoU 0.5 of products and gaps, whichever the product."
    )
    product_accuracy_top1: float | None = Field(
        default=None, description="Product recognition: share of found products that get the right name."
    )
    tag_performance: Annotated[dict[str, TagPerformance], Field(max_length=2000)] | None = Field(
        default=None, description="Per tag; left out where it would not fit, and always in metrics.json."
    )


class Artifacts(Record):
    """Where a run's files are."""

    uri: Annotated[str, Field(max_length=2048)] = Field(description="Folder that holds the files.")
    digest: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="SHA-256 of the file list with each file's SHA-256, as `sha256:...`."
    )


class Attempt(Record):
    """One try at a run, with what it really held."""

    number: Whole = Field(description="1 for the first.")
    job: Annotated[str, Field(max_length=253)] = Field(description="Name of its Job.")
    job_uid: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Uid of its Job; no other Job of that name counts."
    )
    pod_uid: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="Uid of its pod.")
    node: Annotated[str, Field(max_length=253)] | None = Field(default=None, description="Node that it ran on.")
    started_at: Stamp | None = Field(default=None, description="When its container started, by the kubelet.")
    finished_at: Stamp | None = Field(default=None, description="When its container ended, by the kubelet.")
    exit_code: Whole | None = Field(default=None, description="Exit code of its container.")
    outcome: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="Reason that it ended with.")
    devices: Whole | None = Field(default=None, description="Devices that each of its pods asks for.")
    nodes: Whole | None = Field(
        default=None, description="Its pods, where they are several: as many as asked for, or as its queue admitted."
    )
    milli_rate: Whole | None = Field(default=None, description="Speed weight of its class when it was created.")
    free: bool | None = Field(default=None, description="True where the infrastructure ended it: it is not charged.")
    charged_seconds: Amount | None = Field(default=None, description="Kept work, in reference-device seconds.")
    allocated_seconds: Amount | None = Field(
        default=None, description="What its containers held: time x devices x rate."
    )
    earlier_pods_seconds: Amount | None = Field(
        default=None, description="Part of `allocatedSeconds` that earlier pods of its Job held; a queue may evict one."
    )
    worker_seconds: Annotated[dict[str, Amount], Field(max_length=1024)] | None = Field(
        default=None,
        description="Part of `allocatedSeconds` that its pods beside that of index 0 held, by their uids, until it "
        "ends.",
    )
    publish_only: bool | None = Field(
        default=None, description="True where it only publishes the best model so far, after `spec.cancel`."
    )
    repeated: Whole | None = Field(
        default=None, description="Later attempts with the same outcome, which are no longer listed."
    )


class Allocation(Record):
    """What the open (else the last) attempt was given. A later change of the class leaves it as it is."""

    class_name: Annotated[str, Field(max_length=63)] = Field(alias="class", description="Compute class.")
    devices: Whole = Field(
        description="Devices in each of its pods: what was asked for, or fewer where the data cannot use them."
    )
    nodes: Whole | None = Field(default=None, description="Its pods, where they are several.")
    min_nodes: Whole | None = Field(
        default=None, description="So many pods are enough to begin, where they are several."
    )
    milli_rate: Whole = Field(description="Speed weight of the class; 1000 is the reference device.")
    deadline_seconds: Whole = Field(description="Wall-clock seconds that its container may work before it is ended.")
    node: Annotated[str, Field(max_length=253)] | None = Field(default=None, description="Node that it is on.")


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    type: Literal["string", "integer", "number", "date"]
    json_path: str
    priority: int = 0


@dataclass(frozen=True)
class Kind:
    """What the CRD generator needs to know of a kind."""

    name: str
    plural: str
    short_name: str
    description: str
    spec: type[Spec]
    status: type[Record]
    columns: tuple[Column, ...]
