"""Builders of COCO documents, images and sources for the tests of the data side."""

import io
import json
import pathlib
from typing import Any

import numpy as np
from PIL import Image

from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco.merging import build_catalog
from darkroom_trainer.data.records.catalog import Catalog
from darkroom_trainer.data.records.findings import Findings
from tests.local_storage import LOCAL

Coco = dict[str, Any]


def a_coco(**sections: Any) -> Coco:
    """Return two images of 100 x 50 pixels with one relative box each; `sections` replaces what it names."""
    coco: Coco = {
        "images": [an_image(1), an_image(2)],
        "annotations": [an_annotation(1, image_id=1), an_annotation(2, image_id=2, category_id=2)],
        "categories": [{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}],
    }
    return {**coco, **sections}


def an_image(number: Any, **fields: Any) -> Coco:
    """Return an entry of images."""
    return {"id": number, "width": 100, "height": 50, "file_name": f"images/{number}.png", **fields}


def an_annotation(number: Any, **fields: Any) -> Coco:
    """Return an entry of annotations."""
    return {"id": number, "image_id": 1, "category_id": 1, "bbox": [0.1, 0.2, 0.3, 0.4], **fields}


def without(entry: Coco, *fields: str) -> Coco:
    """Return `entry` with fields left out."""
    return {key: value for key, value in entry.items() if key not in fields}


def a_source(*files: str, kind: str = "imageObjectDetection", **fields: Any) -> DatasetSource:
    """Return a dataset called fruit."""
    given = {"annotation_files": files or ("s3://b/train.json",), "storage": LOCAL, **fields}
    return DatasetSource(name="fruit", annotation_kind=AnnotationKind(kind), **given)


def read_catalog(*texts: Coco | bytes | str, **fields: Any) -> tuple[Catalog, Findings]:
    """Return the catalog of annotation files and what was found wrong with them."""
    findings = Findings()
    names = [f"s3://b/{name}.json" for name in ("train", "more", "third")[: len(texts)]]
    encoded = [text if isinstance(text, bytes) else encode(text) for text in texts]
    return build_catalog(encoded, a_source(*names, **fields), findings), findings


def encode(text: Coco | str) -> bytes:
    """Return the bytes of a document."""
    return (text if isinstance(text, str) else json.dumps(text)).encode()


def shown(findings: Findings) -> list[str]:
    """Return the problems as lines."""
    return [f"{problem.subject}: {problem.message}" for problem in findings.problems]


def a_picture(width: int = 100, height: int = 50, form: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    """Return an encoded image with some texture, dark at its left and bright at its right."""
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    pixels = np.repeat(np.repeat(ramp[None, :, None], height, axis=0), 3, axis=2)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def a_scene(seed: int, width: int = 100, height: int = 50, form: str = "PNG", **options: Any) -> bytes:
    """Return an encoded image of bright and dark blocks: sharp, and another one for each seed."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST).save(buffer, form, **options)
    return buffer.getvalue()


def write_dataset(folder: pathlib.Path, coco: Coco | None = None, pictures: dict[str, bytes] | None = None) -> str:
    """Write train.json and its images below `folder`; returns the file's URI."""
    coco = coco or a_coco()
    for image in coco["images"]:
        name = image["file_name"]
        data = (pictures or {}).get(name, a_picture())
        if data != MISSING:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    (folder / "train.json").write_text(json.dumps(coco))
    return (folder / "train.json").as_uri()


MISSING = b"(no file)"
