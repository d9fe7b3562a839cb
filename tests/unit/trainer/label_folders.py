"""Builders of datasets whose labels lie in many files: YOLO, Pascal VOC and folders of classes."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_storage.objects import open_storage
from darkroom_trainer.data.records.catalog import Catalog
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.data.sources.catalogs import read_catalog
from tests.local_storage import LOCAL

Object = tuple[str, tuple[int, int, int, int]]
"""A tag with left, top, width and height in pixels."""
WIDTH, HEIGHT = 100, 50
KINDS = {AnnotationFormat.FOLDERS: AnnotationKind.CLASSIFICATION}


def write_files(folder: pathlib.Path, files: Mapping[str, str | bytes]) -> None:
    """Write each text to its path below `folder`."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def a_label_source(form: str, folder: pathlib.Path, *files: str, **fields: Any) -> DatasetSource:
    """Return a Dataset of this format whose files lie below a folder."""
    kind = KINDS.get(AnnotationFormat(form), AnnotationKind.DETECTION)
    given = {"annotation_kind": kind, "storage": LOCAL, "local_roots": (folder.as_uri(),), **fields}
    uris = tuple(f"{folder.as_uri()}/{file}" for file in files)
    return DatasetSource(name="fruit", annotation_files=uris, format=AnnotationFormat(form), **given)


def read_labels(source: DatasetSource) -> tuple[Catalog, Findings, list[bytes]]:
    """Return what a Dataset's files say, what was found, and the hashes of the files."""
    findings, hashes = Findings(), list[bytes]()
    catalog = read_catalog(open_storage(source.storage), source, findings, hashes, lambda _count: None)
    return catalog, findings, hashes


def told(findings: Findings) -> list[str]:
    """Return the advice as lines."""
    return [f"{entry.subject}: {entry.message}" for entry in findings.advice]


def to_yolo(images: Mapping[str, Sequence[Object]], tags: Sequence[str]) -> dict[str, str]:
    """Return the files of a YOLO dataset, pictures aside."""
    files = {"data.yaml": f"train: images\nnames: {list(tags)!r}\n"}
    for name, objects in images.items():
        files[f"labels/{name}.txt"] = "".join(
            f"{tags.index(tag)} {(left + width / 2) / WIDTH!r} {(top + height / 2) / HEIGHT!r} "
            f"{width / WIDTH!r} {height / HEIGHT!r}\n"
            for tag, (left, top, width, height) in objects
        )
    return files


def to_voc(name: str, objects: Sequence[Object], **more: str) -> str:
    """Return the XML of one image, with pixels counted from 1."""
    parts = {"filename": f"{name}.png", "size": f"<width>{WIDTH}</width><height>{HEIGHT}</height>", **more}
    head = "\n".join(f"<{tag}>{text}</{tag}>" for tag, text in parts.items())
    body = "\n".join(
        f"<object><name>{tag}</name><bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
        f"<xmax>{left + width}</xmax><ymax>{top + height}</ymax></bndbox></object>"
        for tag, (left, top, width, height) in objects
    )
    return f"<annotation>\n{head}\n{body}\n</annotation>\n"


def to_coco(images: Mapping[str, Sequence[Object]], tags: Sequence[str]) -> dict[str, Any]:
    """Return the same as a COCO document."""
    annotations = [
        {"image_id": number, "category_id": tags.index(tag), "bbox": list(box)}
        for number, objects in enumerate(images.values())
        for tag, box in objects
    ]
    return {
        "images": [
            {"id": number, "file_name": f"images/{name}.png", "width": WIDTH, "height": HEIGHT}
            for number, name in enumerate(images)
        ],
        "annotations": [{"id": number, **entry} for number, entry in enumerate(annotations)],
        "categories": [{"id": number, "name": tag} for number, tag in enumerate(tags)],
        "bbox_format": "ltwh_pixels",
    }
