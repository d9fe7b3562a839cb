"""What an inspection found, written beside the data's other results: `inspection.json`, the page of it, and previews.

Owns the JSON form. Must not do: decide what is wrong, or make markup.
"""

import functools
import json
import pathlib
import time
from typing import Any, Final

from darkroom_api.run_config import RunConfig
from darkroom_predict.images import MAX_IMAGE_BYTES, ImageProblem
from darkroom_storage.objects import Storage, join_uri, open_dataset, open_storage, retry_storage
from darkroom_storage.secrets import hide_tree
from darkroom_trainer.data.inspection import advice
from darkroom_trainer.data.inspection.examination import Examination
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.export import artifacts
from darkroom_trainer.report import inspection_samples, writing
from darkroom_trainer.report.inputs import InspectionInputs

REPORT_NAME: Final = "inspection.json"
SAMPLES_NAME: Final = "samples.json"
PICTURES_SECONDS: Final = 20.0
"""After this long the page does without the pictures that are left: they are read once more for it."""


def write_report(config: RunConfig, examination: Examination, work: pathlib.Path) -> str | None:
    """Write both forms and return the page's URI, None where the run has no output; raises StorageError.

    The previews of images that are in `work` go with them, and what is on them.
    """
    if config.output is None:
        return None
    storage = open_storage(config.output.storage)
    _write_samples(storage, config.output.uri, examination, work)
    text = json.dumps(hide_tree(build_report(examination)), indent=1, ensure_ascii=False)
    page_uri = join_uri(config.output.uri, writing.INSPECTION_PAGE_NAME)
    for uri, data in (
        (join_uri(config.output.uri, REPORT_NAME), text.encode()),
        (page_uri, _build_page(config, examination)),
    ):
        retry_storage(functools.partial(storage.write_bytes, uri, data))
    return page_uri


def _write_samples(storage: Storage, output_uri: str, examination: Examination, work: pathlib.Path) -> None:
    names = [name for name in inspection_samples.list_previews() if (work / name).exists()]
    artifacts.upload_files(storage, {name: work / name for name in names}, output_uri)
    data = inspection_samples.build_samples(examination, names)
    retry_storage(lambda: storage.write_bytes(join_uri(output_uri, SAMPLES_NAME), data))


def _build_page(config: RunConfig, examination: Examination) -> bytes:
    storage, ends_at = open_dataset(config.dataset), time.monotonic() + PICTURES_SECONDS

    def read_image(image: CatalogImage) -> bytes:
        if image.uri is None:
            raise ImageProblem("has no address")
        return storage.read(image.uri, MAX_IMAGE_BYTES).data

    return writing.build_inspection_page(InspectionInputs(examination, read_image, lambda: time.monotonic() < ends_at))


def build_report(examination: Examination) -> dict[str, Any]:
    """Return everything that was found, for `inspection.json`."""
    catalog, findings = examination.catalog, examination.findings
    return {
        "dataset": examination.source.name,
        "annotationKind": examination.source.annotation_kind.value,
        "annotationFiles": list(examination.source.annotation_files),
        "revision": examination.revision,
        "images": len(catalog.images),
        "annotations": catalog.annotations,
        "categories": [category.to_json() for category in catalog.categories],
        "problemCount": findings.problem_count,
        "causes": [{**cause.first.to_json(), "count": cause.count} for cause in findings.causes],
        "problems": [problem.to_json() for problem in findings.problems],
        "adviceCount": findings.advice_counts.total(),
        "adviceCounts": {issue.value: count for issue, count in findings.advice_counts.items()},
        "thresholds": advice.THRESHOLDS,
        "sizes": advice.summarise_sizes(examination.checked),
        "advice": [entry.to_json() for entry in findings.advice],
    }
