"""Operator to trainer: one JSON file that says what to do. Unknown keys are refused.

Owns the whole input of a run; a trainer reads this file, mounted credentials and object storage, and nothing else.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from darkroom_api import names
from darkroom_api.endpoints import Reach
from darkroom_api.schema import Object
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_api.v1alpha1.dataset import AnnotationFormat, Split, UrlMapping
from darkroom_api.v1alpha1.prediction import DEFAULT_FORMATS, PredictionFormat

JOIN_SECONDS: Final = 300
"""How long the pods of a run of several nodes wait for each other."""


class Command(StrEnum):
    """The trainer's subcommands."""

    INSPECT = "inspect"
    TRAIN = "train"
    EVALUATE = "evaluate"
    PREDICT = "predict"


class StorageRole(StrEnum):
    """What a storage is used for; also the name of its folder below `names.CREDENTIALS_DIR` and
    `names.VOLUMES_DIR`.
    """

    DATASET = "dataset"
    EVALUATION = "evaluation"
    IMAGES = "images"
    MODEL = "model"
    OUTPUT = "output"
    WEIGHTS = "weights"


class StorageAccess(Object):
    """How to reach a bucket, and where a volume is mounted. Credentials are files, never values here."""

    endpoint: str | None = None
    region: str | None = None
    credentials_dir: str | None = Field(default=None, description="Folder with the keys of names.CREDENTIAL_KEYS.")
    service_account: bool = Field(
        default=False, description="Whether the cloud identity of the pod's ServiceAccount is used, without such keys."
    )
    volume_claim: str | None = Field(default=None, description="PersistentVolumeClaim that `volume:` addresses are in.")
    volume_dir: str | None = Field(default=None, description="Folder at which that claim is mounted.")
    reach: Reach = Reach()


class ResourceReference(Object):
    """The resource that a run works for."""

    kind: Literal["Dataset", "Model", "Evaluation", "Prediction"]
    namespace: str
    name: str
    uid: str


class DatasetSource(Object):
    """A Dataset, ready to read."""

    name: str
    annotation_kind: AnnotationKind
    annotation_files: tuple[str, ...]
    format: AnnotationFormat = AnnotationFormat.COCO
    splits: tuple[Split, ...] = Field(default=(Split.TRAIN,), description="YOLO: what is read of a data.yaml.")
    image_root: str | None = None
    url_mappings: tuple[UrlMapping, ...] = ()
    local_roots: tuple[str, ...] = Field(
        default=(), description="darkroom run: folders below which `file:` addresses in annotation files may be read."
    )
    storage: StorageAccess = StorageAccess()
    revision: str | None = None


class Location(Object):
    """A folder in a bucket or a volume (or a `file:` URI)."""

    uri: str
    storage: StorageAccess = StorageAccess()


class PictureFolder(Location):
    """Folder of a bucket that keeps decoded images for the runs below the same place for outputs."""

    most_bytes: Annotated[int, Field(ge=1, description="All of it takes no more; the oldest goes first.")]


class PredictionOrder(Object):
    """What a Prediction asks of its run."""

    images: Location | None = Field(
        default=None, description="Folder of the images to answer; those of the dataset that have no label when absent."
    )
    threshold: float | None = Field(default=None, description="The model's own when absent.")
    write: tuple[PredictionFormat, ...] = DEFAULT_FORMATS


class Weights(Object):
    """Where pretrained backbones come from, after the mounted folder: location and hub only where configured."""

    location: Location | None = Field(default=None, description="Folder of a bucket with NAME.safetensors files.")
    hub: str | None = Field(default=None, description="Base URL of a hub that speaks the Hugging Face protocol.")
    reach: Reach = Field(default=Reach(), description="For the hub.")
    embedded: bool = Field(default=True, description="Whether the weights that come with the trainer are used, last.")


class NodesOrder(Object):
    """How the pods of a run of several nodes find each other; each reads its index from `names.INDEX_VARIABLE`."""

    count: Annotated[int, Field(ge=2, description="Pods of the attempt, the one of index 0 among them.")]
    least: Annotated[int, Field(ge=1, description="So many pods, that of index 0 among them, are enough to begin.")]
    address: str = Field(description="Host name of the pod of index 0.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=names.NODES_PORT, description="Where that pod takes the others in."
    )
    join_seconds: Annotated[float, Field(gt=0)] = Field(
        default=JOIN_SECONDS, description="How long a pod waits for the others, from its own start."
    )
    credentials_dir: str = Field(
        default=names.NODES_DIR, description="Folder with tls.crt, which is the only authority too, and tls.key."
    )


class RunConfig(Object):
    """Everything a trainer pod is told."""

    version: Literal["v1alpha1"] = "v1alpha1"
    command: Command
    resource: ResourceReference
    attempt: Annotated[int, Field(ge=1)] = 1
    dataset: DatasetSource = Field(
        description="To inspect, to train on, (evaluate) to measure on, or (predict) to answer. Where `prediction` "
        "names a folder, it is the one that the model was trained on, whose images count as labelled; without "
        "annotation files where that one is gone."
    )
    evaluation_dataset: DatasetSource | None = Field(default=None, description="train: measure the final model on it.")
    task: Task | None = Field(default=None, description="train, evaluate and predict.")
    budget_seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="train: the whole budget, in reference-device seconds."
    )
    devices: Annotated[int, Field(ge=1, description="Of this pod; each pod of a run has as many.")] = 1
    nodes: NodesOrder | None = Field(
        default=None, description="train: the other pods of the attempt, where there are any."
    )
    milli_rate: Annotated[int, Field(ge=1)] = Field(default=1000, description="Speed weight; 1000 is the reference.")
    seed: int = 0
    backbone: str | None = Field(default=None, description="train: the base network; the search chooses when absent.")
    weights: Weights = Field(default=Weights(), description="train: where pretrained backbones come from.")
    batch_divisor: Annotated[int, Field(ge=1)] = Field(
        default=1, description="train: divides the batch; 2 after an attempt that ran out of memory."
    )
    publish_only: bool = Field(
        default=False, description="train: train no more, publish the best model that the newest checkpoint holds."
    )
    allocated_seconds: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="train: what earlier attempts held, in reference-device seconds; for the model card."
    )
    charged_seconds: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="train: what earlier attempts were charged for work that they kept, in reference-device seconds. "
        "The rest of the budget is all that is left, also where no checkpoint of theirs can be used any more.",
    )
    model: Location | None = Field(default=None, description="evaluate and predict: the model's artifacts.")
    prediction: PredictionOrder | None = Field(default=None, description="predict: what to answer, and what to write.")
    pictures: PictureFolder | None = Field(default=None, description="train: where decoded images are kept, if at all.")
    output: Location | None = Field(default=None, description="Folder of this very resource; checkpoints go below it.")
