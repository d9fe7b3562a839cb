"""`darkroom prelabel`: a Prediction of images on this machine or in a bucket, without manifests.

Owns how arguments become a run, and its last words. The run itself is the engine's, as on a cluster.
"""

import os
import pathlib
import tempfile
from dataclasses import dataclass

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.names import BUCKET_SCHEMES
from darkroom_api.run_config import (
    Command,
    DatasetSource,
    Location,
    PredictionOrder,
    ResourceReference,
    RunConfig,
    StorageAccess,
)
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS
from darkroom_predict.description import read_description
from darkroom_predict.errors import ModelUnusable
from darkroom_storage import local_files
from darkroom_storage.objects import find_root
from darkroom_trainer.local.display import Display, open_display
from darkroom_trainer.local.interruption import Interruption
from darkroom_trainer.runtime.logs import print_error

NAME = "prelabel"


@dataclass(frozen=True)
class PrelabelOptions:
    """The arguments of the command; places are folders or files of this machine, or `s3://` and `az://` addresses."""

    model: pathlib.Path
    images: str
    to: str
    labelled: str | None = None
    threshold: float | None = None
    endpoint: str | None = None


def run_prelabel(options: PrelabelOptions) -> int:
    """Answer the images and say what was done; returns 0, or 1 after saying what is wrong."""
    from darkroom_trainer.commands import engine

    try:
        config = build_config(options)
    except ModelUnusable as error:
        print_error(str(error))
        return 1
    display = open_display()
    with Interruption() as interruption, tempfile.TemporaryDirectory(prefix="darkroom-") as work:
        outcome = engine.execute(config, pathlib.Path(work), _DisplayReporter(display), interruption.stop)
    display.end_progress()
    if not outcome.succeeded:
        print_error(outcome.message)
        return 1
    print(outcome.message)
    print(f"files in {options.to}; review them in prelabels.json or, in Label Studio, tasks.json")
    return 0


def build_config(options: PrelabelOptions) -> RunConfig:
    """Return the run; raises ModelUnusable where there is no model."""
    task = read_description(options.model).task
    access = StorageAccess(endpoint=options.endpoint, reach=OWN_MACHINE)
    images = Location(uri=_find(options.images), storage=access)
    return RunConfig(
        command=Command.PREDICT,
        resource=ResourceReference(kind="Prediction", namespace="default", name=NAME, uid=NAME),
        dataset=DatasetSource(
            name=options.labelled or "(none)",
            annotation_kind=TASK_ANNOTATIONS[task],
            annotation_files=() if options.labelled is None else (_find(options.labelled),),
            local_roots=_list_roots(options),
            storage=access,
        ),
        task=task,
        model=Location(uri=_find(str(options.model)), storage=access),
        prediction=PredictionOrder(images=images, threshold=options.threshold),
        output=Location(uri=_find(options.to), storage=access),
    )


def _find(place: str) -> str:
    """Return the URI of a place, in one spelling: what is below another one must show."""
    return find_root(place if place.startswith(BUCKET_SCHEMES) else os.path.abspath(place))


def _list_roots(options: PrelabelOptions) -> tuple[str, ...]:
    """Return the folders below which the labelled images may lie: beside their COCO file, and where the others are."""
    places = [os.path.dirname(options.labelled) or "." if options.labelled is not None else None, options.images]
    folders = (pathlib.Path(place) for place in places if place is not None and not place.startswith(BUCKET_SCHEMES))
    return tuple(dict.fromkeys(local_files.to_uri(path) for folder in folders for path in _spell(folder)))


def _spell(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    return pathlib.Path(os.path.abspath(folder)), folder.resolve()


class _DisplayReporter:
    """Shows progress."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def update(self, *, percent: int, stage: str, eta_seconds: int | None = None, **_others: object) -> None:
        """Take the newest progress."""
        self._display.show_progress(NAME, percent, stage, eta_seconds)
