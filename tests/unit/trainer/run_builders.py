"""Builders of manifests and folders for the tests of the `darkroom` command."""

import io
import json
import pathlib
from typing import Any

import numpy as np
import yaml
from PIL import Image

from darkroom_api.names import API_VERSION
from darkroom_trainer.local.manifests import Manifest, read_manifests

Document = dict[str, Any]


def a_resource(kind: str, name: str, spec: Document, **metadata: Any) -> Document:
    """Return a manifest."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def a_dataset(name: str = "fruit", **spec: Any) -> Document:
    """Return a Dataset whose annotation file is data/train.json beside the manifest."""
    return a_resource(
        "Dataset", name, {"annotationKind": "imageClassification", "annotationFiles": ["file:data/train.json"], **spec}
    )


def a_model(name: str = "sorter", **spec: Any) -> Document:
    """Return a classifier of `a_dataset`."""
    return a_resource("Model", name, {"task": "classifier", "dataset": "fruit", "budget": "60s", **spec})


def an_evaluation(name: str = "june", **spec: Any) -> Document:
    """Return an Evaluation of `a_model`."""
    return a_resource("Evaluation", name, {"model": "sorter", "dataset": "fruit", **spec})


def a_prediction(name: str = "new", **spec: Any) -> Document:
    """Return a Prediction of `a_model` over its Dataset, or over the `images` that are given."""
    answered = {} if "images" in spec else {"dataset": "fruit"}
    return a_resource("Prediction", name, {"model": "sorter", **answered, **spec})


def write_manifests(folder: pathlib.Path, *documents: Document | str, name: str = "all.yaml") -> str:
    """Write a multi-document file and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [document if isinstance(document, str) else yaml.safe_dump(document) for document in documents]
    (folder / name).write_text("---\n".join(texts))
    return str(folder / name)


def parse(folder: pathlib.Path, document: Document) -> Manifest:
    """Return one manifest as it is read from `folder`."""
    return read_manifests([write_manifests(folder, document, name="one.yaml")]).resources[0]


def write_images(folder: pathlib.Path, count: int = 4, broken: bool = False) -> None:
    """Write a classification set of two tags into `folder`/data; `broken` names a tag that is not there."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(count):
        buffer = io.BytesIO()
        Image.fromarray(random.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(buffer, "PNG")
        (data / f"{number}.png").write_bytes(buffer.getvalue())
    coco = {
        "images": [{"id": number, "width": 24, "height": 24, "file_name": f"{number}.png"} for number in range(count)],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 9 if broken else number % 2} for number in range(count)
        ],
        "categories": [{"id": 0, "name": "apple"}, {"id": 1, "name": "pear"}],
    }
    (data / "train.json").write_text(json.dumps(coco))


def read_items(output: pathlib.Path) -> dict[str, Any]:
    """Return what resources.yaml holds, by `Kind/name`."""
    listing = yaml.safe_load((output / "resources.yaml").read_text())
    assert (listing["apiVersion"], listing["kind"]) == ("v1", "List")
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in listing["items"]}
