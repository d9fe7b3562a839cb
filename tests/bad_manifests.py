"""Manifests that must be refused, and changes that must be: pure data, for pydantic and for a real API server alike.

Each case has an id that says what is wrong, and the field that the refusal must name.
"""

from dataclasses import dataclass
from typing import Any, Final

from darkroom_api.names import API_VERSION

Manifest = dict[str, Any]


@dataclass(frozen=True)
class BadManifest:
    """A manifest and the field that its refusal must name."""

    id: str
    manifest: Manifest
    field: str


@dataclass(frozen=True)
class Update:
    """A manifest, its spec after a change (None removes a field), and the field that a refusal must name."""

    id: str
    manifest: Manifest
    change: dict[str, Any]
    field: str = ""

    @property
    def changed(self) -> Manifest:
        """Return the manifest after the change."""
        spec = {**self.manifest["spec"], **self.change}
        return {**self.manifest, "spec": {key: value for key, value in spec.items() if value is not None}}


def a_manifest(kind: str, name: str, spec: dict[str, Any]) -> Manifest:
    """Return a manifest; a None in `spec` leaves a field out."""
    kept = {key: value for key, value in spec.items() if value is not None}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": kept}


def a_dataset(**fields: Any) -> Manifest:
    """Return a Dataset that is valid but for `fields`."""
    spec = {"annotationKind": "imageClassification", "annotationFiles": ["s3://vision/digits/train.json"]}
    return a_manifest("Dataset", "table-dataset", {**spec, **fields})


def a_model(**fields: Any) -> Manifest:
    """Return a Model that is valid but for `fields`."""
    return a_manifest("Model", "table-model", {"task": "classifier", "dataset": "digits", "budget": "90m", **fields})


def an_evaluation(**fields: Any) -> Manifest:
    """Return an Evaluation that is valid but for `fields`."""
    return a_manifest("Evaluation", "table-evaluation", {"model": "digits", "dataset": "digits-eval", **fields})


def a_prediction(**fields: Any) -> Manifest:
    """Return a Prediction that is valid but for `fields`."""
    return a_manifest("Prediction", "table-prediction", {"model": "digits", "dataset": "digits-new", **fields})


_BOTH_IDENTITIES: Final = {"credentialsSecret": "darkroom-a", "serviceAccountName": "darkroom-b"}
_FILES: Final = [f"s3://vision/{number}.json" for number in range(11)]
_MAPPING: Final = {"from": "AmlDatastore://store/", "to": "s3://vision/"}

_ON_VOLUME: Final[dict[str, Any]] = {
    "annotationFiles": ["volume:..data/train set.json"], "storage": {"volumeClaim": "photos"},
}  # fmt: skip

_BOXES: Final = {"annotationKind": "imageObjectDetection"}
_FOLDERS: Final = {"format": "Folders", "annotationFiles": ["s3://vision/a/"]}

_DATASETS: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("a Dataset without annotationKind", {"annotationKind": None}, "annotationKind"),
    ("an annotationKind that does not exist", {"annotationKind": "imageSegmentation"}, "annotationKind"),
    ("a Dataset without annotationFiles", {"annotationFiles": None}, "annotationFiles"),
    ("an empty list of annotationFiles", {"annotationFiles": []}, "annotationFiles"),
    ("eleven annotationFiles", {"annotationFiles": _FILES}, "annotationFiles"),
    ("an annotation file named twice", {"annotationFiles": [_FILES[0], _FILES[0]]}, "annotationFiles"),
    ("an annotation file over plain http", {"annotationFiles": ["http://example.com/a.json"]}, "annotationFiles"),
    ("an annotation file without a scheme", {"annotationFiles": ["/data/train.json"]}, "annotationFiles"),
    ("an annotation file that ends with a space", {"annotationFiles": ["s3://vision/a.json "]}, "annotationFiles"),
    ("an annotation file with a line end", {"annotationFiles": ["s3://vision/my\nfile.json"]}, "annotationFiles"),
    ("a URL with a space", {"annotationFiles": ["https://example.com/my file.json"]}, "annotationFiles"),
    ("annotationFiles as one string", {"annotationFiles": "s3://vision/a.json"}, "annotationFiles"),
    ("a format that does not exist", {"format": "yolo"}, "format"),
    ("YOLO for tags of whole images", {"format": "YOLO"}, "format"),
    ("Folders for boxes", {"format": "Folders", **_BOXES, "annotationFiles": ["s3://vision/a/"]}, "format"),
    ("Folders of a file", {"format": "Folders"}, "annotationFiles"),
    ("Folders over https", {"format": "Folders", "annotationFiles": ["https://example.com/a/"]}, "annotationFiles"),
    ("Folders with an imageRoot", {**_FOLDERS, "imageRoot": "s3://vision/images"}, "imageRoot"),
    ("a COCO file as PascalVOC", {"format": "PascalVOC", **_BOXES}, "annotationFiles"),
    ("splits of a COCO file", {"splits": ["val"]}, "splits"),
    ("a split named twice", {"format": "YOLO", **_BOXES, "splits": ["val", "val"]}, "splits"),
    ("a split that does not exist", {"format": "YOLO", **_BOXES, "splits": ["all"]}, "splits"),
    ("an imageRoot that climbs out", {"imageRoot": "s3://vision/a/../../b"}, "imageRoot"),
    ("an imageRoot of another scheme", {"imageRoot": "ftp://vision/images"}, "imageRoot"),
    ("a mapping without a target", {"urlMappings": [{"from": "AmlDatastore://store/"}]}, "to"),
    ("a mapping from nothing", {"urlMappings": [{"from": "", "to": "s3://vision/"}]}, "from"),
    ("twenty-one mappings", {"urlMappings": [_MAPPING] * 21}, "urlMappings"),
    ("a Secret and a ServiceAccount at once", {"storage": _BOTH_IDENTITIES}, "credentialsSecret"),
    ("an endpoint without a scheme", {"storage": {"endpoint": "s3.storage.svc:9000"}}, "endpoint"),
    ("an endpoint with folders", {"storage": {"endpoint": "http://s3.storage.svc:9000/vision/a"}}, "endpoint"),
    ("a region with spaces", {"storage": {"region": "eu central"}}, "region"),
    ("a Secret of another namespace", {"storage": {"credentialsSecret": "other/darkroom-a"}}, "credentialsSecret"),
    ("a file on a volume without a claim", {"annotationFiles": ["volume:train.json"]}, "volumeClaim"),
    ("an imageRoot on a volume without a claim", {"imageRoot": "volume:images"}, "volumeClaim"),
    ("a mapping to a volume without a claim", {"urlMappings": [{**_MAPPING, "to": "volume:a/"}]}, "volumeClaim"),
    ("a file that leaves the claim", {**_ON_VOLUME, "annotationFiles": ["volume:../a.json"]}, "annotationFiles"),
    ("a file that leaves by a folder", {**_ON_VOLUME, "annotationFiles": ["volume:a/../../b"]}, "annotationFiles"),
    ("an imageRoot that leaves the claim", {**_ON_VOLUME, "imageRoot": "volume:.."}, "imageRoot"),
    ("a claim of another namespace", {"storage": {"volumeClaim": "other/photos"}}, "volumeClaim"),
    ("a misspelt field of a Dataset", {"annotationFile": "s3://vision/a.json"}, "annotationFile"),
)

_MODELS: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("a Model without a task", {"task": None}, "task"),
    ("a task that does not exist", {"task": "segmenter"}, "task"),
    ("a Model without a dataset", {"dataset": None}, "dataset"),
    ("a dataset of another namespace", {"dataset": "other/digits"}, "dataset"),
    ("a Model without a budget", {"budget": None}, "budget"),
    ("an empty budget", {"budget": ""}, "budget"),
    ("a budget of nothing", {"budget": "0s"}, "budget"),
    ("a budget above 1344 hours", {"budget": "1345h"}, "budget"),
    ("a budget as a number", {"budget": 3600}, "budget"),
    ("a budget with a fraction", {"budget": "1.5h"}, "budget"),
    ("a budget in words", {"budget": "an hour"}, "budget"),
    ("a budget in the wrong order", {"budget": "30m1h"}, "budget"),
    ("a negative budget", {"budget": "-1h"}, "budget"),
    ("an evaluationDataset that is the dataset", {"evaluationDataset": "digits"}, "evaluationDataset"),
    ("no devices", {"compute": {"devices": 0}}, "devices"),
    ("sixty-five devices", {"compute": {"devices": 65}}, "devices"),
    ("a device and a half", {"compute": {"devices": 1.5}}, "devices"),
    ("a compute class in capitals", {"compute": {"class": "GPU"}}, "class"),
    ("a misspelt field of compute", {"compute": {"gpus": 1}}, "gpus"),
    ("no nodes", {"compute": {"nodes": 0}}, "nodes"),
    ("sixty-five nodes", {"compute": {"nodes": 65}}, "nodes"),
    ("no node at least", {"compute": {"nodes": 2, "minNodes": 0}}, "minNodes"),
    ("more nodes at least than at most", {"compute": {"nodes": 2, "minNodes": 3}}, "minNodes"),
    ("two nodes at least of one", {"compute": {"minNodes": 2}}, "minNodes"),
    ("a negative seed", {"seed": -1}, "seed"),
    ("a seed as a string", {"seed": "7"}, "seed"),
    ("suspend as a word", {"suspend": "yes"}, "suspend"),
    ("cancel as a number", {"cancel": 1}, "cancel"),
    ("an output that cannot be written", {"output": {"uri": "https://example.com/models"}}, "uri"),
    ("an output without a uri", {"output": {}}, "uri"),
    (
        "an output with two identities",
        {"output": {"uri": "s3://models", "storage": _BOTH_IDENTITIES}},
        "credentialsSecret",
    ),
    ("an output on a volume", {"output": {"uri": "volume:models"}}, "uri"),
    ("an output with a claim", {"output": {"uri": "s3://models", "storage": {"volumeClaim": "a"}}}, "volumeClaim"),
    ("a queue with a slash", {"queue": "team/gpus"}, "queue"),
    ("a queue of 64 characters", {"queue": "q" * 64}, "queue"),
    ("a priority class with a space", {"priorityClassName": "very high"}, "priorityClassName"),
    ("a hyper-parameter", {"epochs": 10}, "epochs"),
)

_EVALUATIONS: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("an Evaluation without a model", {"model": None}, "model"),
    ("an Evaluation without a dataset", {"dataset": None}, "dataset"),
    ("a model without a name", {"model": ""}, "model"),
    ("a model name of 254 characters", {"model": "m" * 254}, "model"),
    ("an Evaluation with a budget", {"budget": "1h"}, "budget"),
    ("an Evaluation on no devices", {"compute": {"devices": 0}}, "devices"),
    ("an Evaluation on several nodes", {"compute": {"nodes": 2}}, "nodes"),
    ("an Evaluation in a queue without a name", {"queue": ""}, "queue"),
)

_IMAGES: Final = {"uri": "s3://vision/new"}
_ON_CLAIM: Final = {"uri": "volume:new pictures/", "storage": {"volumeClaim": "photos"}}
_PREDICTIONS: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("a Prediction without a model", {"model": None}, "model"),
    ("a Prediction without anything to answer", {"dataset": None}, "give exactly one of dataset and images"),
    ("a Prediction over a Dataset and a folder", {"images": _IMAGES}, "give exactly one of dataset and images"),
    ("a folder without an address", {"dataset": None, "images": {}}, "uri"),
    ("a folder that cannot be listed", {"dataset": None, "images": {"uri": "https://example.com/new"}}, "uri"),
    ("a folder that climbs", {"dataset": None, "images": {"uri": "s3://vision/../other"}}, "images.uri"),
    ("a folder that ends by climbing", {"dataset": None, "images": {"uri": "file:new/.."}}, "images.uri"),
    ("a folder on a volume without a claim", {"dataset": None, "images": {"uri": "volume:new"}}, "volumeClaim"),
    ("a folder that leaves its claim", {"dataset": None, "images": {**_ON_CLAIM, "uri": "volume:.."}}, "images.uri"),
    ("a folder with two identities", {"dataset": None, "images": {**_IMAGES, "storage": _BOTH_IDENTITIES}}, "storage"),
    ("a threshold of 0", {"threshold": 0}, "threshold"),
    ("a threshold of 1", {"threshold": 1}, "threshold"),
    ("a threshold below 0", {"threshold": -0.5}, "threshold"),
    ("a threshold as a string", {"threshold": "0.5"}, "threshold"),
    ("no format", {"write": []}, "write"),
    ("an unknown format", {"write": ["VOC"]}, "write"),
    ("a format twice", {"write": ["COCO", "COCO"]}, "write: each format"),
    ("a Prediction with a budget", {"budget": "1h"}, "budget"),
    ("a Prediction on no devices", {"compute": {"devices": 0}}, "devices"),
    ("a Prediction on several nodes", {"compute": {"nodes": 2}}, "nodes"),
)

BAD_MANIFESTS: Final = (
    BadManifest("a Dataset without a spec", {k: v for k, v in a_dataset().items() if k != "spec"}, "spec"),
    *(BadManifest(id, a_dataset(**fields), field) for id, fields, field in _DATASETS),
    *(BadManifest(id, a_model(**fields), field) for id, fields, field in _MODELS),
    *(BadManifest(id, an_evaluation(**fields), field) for id, fields, field in _EVALUATIONS),
    *(BadManifest(id, a_prediction(**fields), field) for id, fields, field in _PREDICTIONS),
)

_FULL_MODEL: Final = a_model(
    evaluationDataset="digits-eval", compute={"class": "gpu", "devices": 1}, seed=7, output={"uri": "s3://models/a"}
)
_FULL_PREDICTION: Final = a_prediction(
    dataset=None,
    images={"uri": "s3://vision/new pictures", "storage": {"credentialsSecret": "darkroom-a"}},
    threshold=0.35,
    write=["COCO", "LabelStudio", "JSON"],
    compute={"class": "gpu", "devices": 1},
)

BAD_UPDATES: Final = (
    Update("another task", a_model(), {"task": "detector"}, "task"),
    Update("another dataset", a_model(), {"dataset": "others"}, "dataset"),
    Update("a larger budget", a_model(), {"budget": "2h"}, "budget"),
    Update("an evaluationDataset that appears", a_model(), {"evaluationDataset": "digits-eval"}, "evaluationDataset"),
    Update("an evaluationDataset that goes", _FULL_MODEL, {"evaluationDataset": None}, "evaluationDataset"),
    Update("compute that appears", a_model(), {"compute": {"devices": 2}}, "compute"),
    Update("more nodes", a_model(compute={"nodes": 2}), {"compute": {"nodes": 3}}, "compute"),
    Update("more devices", _FULL_MODEL, {"compute": {"class": "gpu", "devices": 2}}, "compute"),
    Update("another seed", _FULL_MODEL, {"seed": 8}, "seed"),
    Update("an output that moves", _FULL_MODEL, {"output": {"uri": "s3://models/b"}}, "output"),
    Update("an Evaluation of another model", an_evaluation(), {"model": "others"}, "model"),
    Update("an Evaluation on another dataset", an_evaluation(), {"dataset": "others"}, "dataset"),
    Update("an Evaluation on other hardware", an_evaluation(), {"compute": {"class": "cpu"}}, "compute"),
    Update("a Prediction of another model", a_prediction(), {"model": "others"}, "model"),
    Update("a Prediction over another dataset", a_prediction(), {"dataset": "others"}, "dataset"),
    Update("a Prediction over another folder", _FULL_PREDICTION, {"images": {"uri": "s3://vision/old"}}, "images"),
    Update("a threshold that appears", a_prediction(), {"threshold": 0.5}, "threshold"),
    Update("another threshold", _FULL_PREDICTION, {"threshold": 0.5}, "threshold"),
    Update("other formats", _FULL_PREDICTION, {"write": ["COCO"]}, "write"),
)
"""Changes that must be refused with the field in the message."""

GOOD_MANIFESTS: Final = (
    a_dataset(),
    a_dataset(
        annotationKind="imageObjectDetection",
        annotationFiles=["s3://vision/my shop/a 1.json", "https://example.com/b.json", "file:my data/c.json"],
        imageRoot="s3://vision/my shop/all  images",
        urlMappings=[_MAPPING],
        storage={"endpoint": "http://s3.storage.svc:9000", "region": "us-east-1", "credentialsSecret": "darkroom-a"},
    ),
    a_dataset(annotationFiles=_FILES[:10], urlMappings=[_MAPPING] * 20, storage={}),
    a_dataset(**_ON_VOLUME),
    a_dataset(
        annotationFiles=["volume:a.json", "s3://vision/b.json"],
        imageRoot="volume:/",
        urlMappings=[{"from": "AmlDatastore://store/", "to": "volume:store/"}],
        storage={"endpoint": "http://s3.storage.svc:9000", "credentialsSecret": "darkroom-a", "volumeClaim": "photos"},
    ),
    a_prediction(dataset=None, images=_ON_CLAIM),
    a_dataset(**_FOLDERS),
    a_dataset(**_BOXES, format="YOLO", splits=["train", "val"], imageRoot="s3://vision/shelf"),
    a_dataset(**_BOXES, format="PascalVOC", annotationFiles=["s3://vision/a/", "https://example.com/a.XML?sig=1"]),
    a_model(),
    _FULL_MODEL,
    a_prediction(),
    _FULL_PREDICTION,
    a_model(budget="1344h", seed=0, suspend=False, cancel=False, queue="q" * 63, priorityClassName="high.priority"),
    a_model(budget="1h30m15s", task="productRecognizer", compute={"class": "h200.node", "devices": 64}),
    a_model(budget="1s", compute={}),
    a_model(compute={"nodes": 4, "minNodes": 2}),
    a_model(compute={"nodes": 64, "devices": 8, "minNodes": 64}),
    a_model(compute={"minNodes": 1}),
    an_evaluation(),
    an_evaluation(compute={"class": "cpu"}),
)

GOOD_UPDATES: Final = (
    Update("suspend a Model", a_model(), {"suspend": True}),
    Update("resume a Model", a_model(suspend=True), {"suspend": False}),
    Update("cancel a Model", a_model(), {"cancel": True}),
    Update("move a Model to a queue", a_model(), {"queue": "team-a"}),
    Update("take a priority away", a_model(priorityClassName="high"), {"priorityClassName": None}),
    Update("move an Evaluation to a queue", an_evaluation(), {"queue": "team-a"}),
    Update("move a Prediction to a queue", a_prediction(), {"queue": "team-a"}),
    Update("move a Dataset to a queue", a_dataset(), {"queue": "team-a"}),
    Update("mend a Dataset", a_dataset(), {"annotationFiles": ["s3://vision/digits/train-2.json"]}),
)
"""Changes that must be accepted."""
