"""A dataset made ready to learn from: local, checked, every image known to decode; or what its files say alone.

Must not do: decode for training (`decoded.py`), or continue with a dataset that has a problem.
"""

import pathlib
import re

from darkroom_api.run_config import DatasetSource
from darkroom_storage.objects import Storage, open_dataset
from darkroom_trainer.data.inspection.examination import Examination, Recall, examine_dataset
from darkroom_trainer.data.inspection.fetching import CheckedImage
from darkroom_trainer.data.inspection.summary import build_corrupt_error
from darkroom_trainer.data.records.catalog import Catalog, CatalogImage
from darkroom_trainer.data.records.dataset import Example, LoadedDataset, Original
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.data.sources import catalogs
from darkroom_trainer.data.sources.progress import build_count, build_progress
from darkroom_trainer.runtime.reporting import Reporter


def load_catalog(source: DatasetSource, reporter: Reporter) -> Catalog:
    """Return what the annotation files of a dataset say; no image is read, and so none is known to be there.

    Raises RunError as `load_dataset` does.
    """
    findings = Findings()
    show_count = build_count(reporter, "Listing")
    catalog = catalogs.read_catalog(open_dataset(source), source, findings, [], show_count)
    if findings.problem_count:
        raise build_corrupt_error(Examination(source, catalog, (), findings, revision=""))
    return catalog


def load_dataset(
    source: DatasetSource, work: pathlib.Path, reporter: Reporter, recall: Recall | None = None
) -> LoadedDataset:
    """Return the dataset, with its images in `work` (those of `file:` URIs stay where they are).

    Images that `recall` knows are not fetched. Raises RunError: DatasetCorrupt naming file and id, with a summary;
    DatasetNotFound; StorageUnavailable.
    """
    examination = examine_dataset(
        source,
        choose_folder(work, source.name),
        build_progress(reporter, "Fetching"),
        stop_at_annotations=True,
        show_count=build_count(reporter, "Listing"),
        recall=recall,
    )
    if examination.findings.problem_count:
        raise build_corrupt_error(examination)
    storage = open_dataset(source)
    examples = (
        _build_example(image, check, storage)
        for image, check in zip(examination.catalog.images, examination.checked, strict=True)
        if check is not None
    )
    return LoadedDataset(
        name=source.name,
        annotation_kind=source.annotation_kind,
        labels=examination.catalog.tags,
        examples=tuple(examples),
        revision=examination.revision,
        looks=tuple(check.look for check in examination.checked if check is not None),
        advice=tuple(examination.findings.advice),
    )


def choose_folder(work: pathlib.Path, name: str) -> pathlib.Path:
    """Return the folder of a dataset's images."""
    return work / "images" / re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _build_example(image: CatalogImage, check: CheckedImage, storage: Storage) -> Example:
    assert check.path is not None, "images are kept when a folder is given"
    is_here = check.path.exists()
    return Example(
        image_id=image.image_id,
        file=image.file,
        path=check.path,
        width=check.size.width,
        height=check.size.height,
        labels=image.labels,
        boxes=image.boxes,
        crowd=image.crowd,
        original=None if is_here else Original(storage, check.uri, check.info),
    )
