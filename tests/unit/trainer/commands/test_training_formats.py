"""YOLO, Pascal VOC and folders of classes train a model, from a folder of this machine and from a bucket."""

import json
import pathlib
from typing import Any

import pytest

from darkroom_api import conditions, run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_storage.objects import open_storage
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting
from tests.support.learning import LABELS, a_local_place, write_squares
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.label_folders import a_label_source

IMAGES = 15
BUDGET_SECONDS = 25.0
FILES = {"YOLO": "data.yaml", "PascalVOC": "Annotations/", "Folders": "squares/"}


def sort_squares(form: str, folder: pathlib.Path) -> dict[str, bytes]:
    """Return the files of squares with one object each, by their names below the dataset's folder."""
    content = json.loads(write_squares(folder / "drawn", IMAGES, boxed=True).read_text())
    files: dict[str, bytes] = {}
    if form == "YOLO":
        files["data.yaml"] = f"path: .\ntrain: images\nnc: 3\nnames: {list(LABELS)}\n".encode()
    for image, annotation in zip(content["images"], content["annotations"], strict=True):
        name, label = image["file_name"], annotation["category_id"] - 1
        left, top, width, height = annotation["bbox"]
        stem, data = name.removesuffix(".png"), (folder / "drawn" / name).read_bytes()
        if form == "YOLO":
            line = f"{label} {left + width / 2} {top + height / 2} {width} {height}\n"
            files |= {f"images/{name}": data, f"labels/{stem}.txt": line.encode()}
        elif form == "PascalVOC":
            corners = [round(side * 48) for side in (left, top, left + width, top + height)]
            files |= {f"JPEGImages/{name}": data, f"Annotations/{stem}.xml": to_xml(name, LABELS[label], *corners)}
        else:
            files[f"squares/{LABELS[label]}/{name}"] = data
    return files


def to_xml(name: str, tag: str, left: int, top: int, right: int, bottom: int) -> bytes:
    """Return the XML of an image with one object."""
    box = f"<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
    size = "<size><width>48</width><height>48</height><depth>3</depth></size>"
    content = f"<filename>{name}</filename>{size}<object><name>{tag}</name><bndbox>{box}</bndbox></object>"
    return f"<annotation>{content}</annotation>".encode()


def train(source: run_config.DatasetSource, folder: pathlib.Path) -> Any:
    """Return how a short training on a Dataset ends."""
    task = Task.CLASSIFIER if source.format is AnnotationFormat.FOLDERS else Task.DETECTOR
    config = run_config.RunConfig(
        command=run_config.Command.TRAIN,
        resource=run_config.ResourceReference(kind="Model", namespace="vision", name="squares", uid="u"),
        dataset=source,
        task=task,
        budget_seconds=BUDGET_SECONDS,
        output=a_local_place(folder / "model"),
        weights=run_config.Weights(embedded=False),
    )
    return engine.execute(config, folder / "work", reporting.SilentReporter(), meter=tiny_runs.a_meter(config))


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=pytest.mark.extended if form == "PascalVOC" else ()) for form in FILES]
)
@pytest.mark.parametrize(
    "is_bucket", [pytest.param(False, id="folder", marks=pytest.mark.extended), pytest.param(True, id="bucket")]
)
def test_a_model_is_trained(
    form: str, is_bucket: bool, tmp_path: pathlib.Path, access: run_config.StorageAccess
) -> None:
    files = sort_squares(form, tmp_path)
    source = a_label_source(form, tmp_path / "data", FILES[form])
    if is_bucket:
        uri = f"s3://vision/formats/{form}"
        for name, data in files.items():
            open_storage(access).write_bytes(f"{uri}/{name}", data)
        given = {"annotation_files": (f"{uri}/{FILES[form]}",), "storage": access, "local_roots": ()}
        source = source.model_copy(update=given)
    else:
        for name, data in files.items():
            (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / name).write_bytes(data)
    outcome = train(source, tmp_path)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.artifacts is not None
    model = json.loads((tmp_path / "model" / "model.json").read_text())
    assert sorted(model["labels"]) == sorted(LABELS)
