"""The report of an inspected Dataset as JSON: counts, sizes, problems and advice with pictures.

Owns the form and what is left out where there is much. Must not make markup, and must not decide what is wrong.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom_api.v1alpha1.dataset import Problem
from darkroom_trainer.data.inspection.examination import Examination
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.findings import Advice
from darkroom_trainer.report.inputs import InspectionInputs
from darkroom_trainer.report.problems import describe_advice
from darkroom_trainer.report.thumbnails import make_thumbnail

Floats = npt.NDArray[np.float64]

FORM: Final = 1
MAX_PROBLEMS: Final = 100
MAX_TAGS: Final = 2_000
MAX_SAMPLES: Final = 12
MAX_SUSPECTS: Final = 12
MAX_BOXES: Final = 40
BINS: Final = 20
ASPECT_REACH: Final = 2.125
ASPECT_BINS: Final = 17
"""Aspects are binned by their binary logarithm, so that 1:2 and 2:1 lie as far from 1:1, which is amid a bin."""


def build_inspection_report(inputs: InspectionInputs) -> dict[str, Any]:
    """Return what inspection.html shows."""
    examination = inputs.examination
    catalog, findings = examination.catalog, examination.findings
    return {
        "form": FORM,
        "kind": "dataset",
        "name": examination.source.name,
        "annotationKind": examination.source.annotation_kind.value,
        "annotationFiles": list(examination.source.annotation_files),
        "revision": examination.revision,
        "images": len(catalog.images),
        "annotations": catalog.annotations,
        "tagCount": len(catalog.tags),
        "tags": [category.to_json() for category in catalog.categories[:MAX_TAGS]],
        "sizes": _describe_sizes(examination),
        "problemCount": findings.problem_count,
        "problems": [_describe_problem(cause.tell()) for cause in findings.causes[:MAX_PROBLEMS]],
        "advice": describe_advice(
            findings.advice, {issue.value: count for issue, count in findings.advice_counts.items()}
        ),
        "samples": _show_samples(inputs),
        "suspects": _show_suspects(inputs),
    }


def _describe_problem(problem: Problem) -> dict[str, str]:
    return {"subject": problem.subject, "message": problem.message}


def _describe_sizes(examination: Examination) -> dict[str, Any]:
    """Return histograms of the longer side, of the aspect (its binary logarithm), and of the boxes."""
    sizes = np.array([(check.size.width, check.size.height) for check in examination.checked if check], dtype=float)
    if not len(sizes):
        return {}
    aspects = np.clip(np.log2(sizes[:, 0] / sizes[:, 1]), -ASPECT_REACH, ASPECT_REACH)
    sides = sizes.max(axis=1)
    return {
        "readable": len(sizes),
        "median": [float(np.median(sizes[:, 0])), float(np.median(sizes[:, 1]))],
        "smallest": sizes[sizes.prod(axis=1).argmin()].tolist(),
        "largest": sizes[sizes.prod(axis=1).argmax()].tolist(),
        "sides": _count_bins(sides, choose_edges(float(sides.min()), float(sides.max()))),
        "aspects": _count_bins(aspects, np.linspace(-ASPECT_REACH, ASPECT_REACH, ASPECT_BINS + 1)),
        "boxes": _describe_boxes(examination.catalog.images),
    }


def choose_edges(low: float, high: float) -> Floats:
    """Return the edges of even bins that hold every value from `low` to `high`."""
    if high <= low:
        return np.array([low - 0.5, low + 0.5])
    return np.linspace(low, high, BINS + 1)


def _count_bins(values: Floats, edges: Floats) -> dict[str, list[float]]:
    counts, _ = np.histogram(values, edges)
    return {"edges": [round(float(edge), 3) for edge in edges], "counts": counts.tolist()}


def _describe_boxes(images: Sequence[CatalogImage]) -> dict[str, Any] | None:
    boxes = [image.boxes for image in images if len(image.boxes)]
    if not boxes:
        return None
    numbers = np.array([len(image.boxes) for image in images], dtype=float)
    sides = np.sqrt(np.clip(np.concatenate(boxes)[:, 2:].prod(axis=1), 0, 1)).astype(np.float64)
    most = int(numbers.max())
    return {
        "mean": round(float(numbers.mean()), 2),
        "most": most,
        "without": int((numbers == 0).sum()),
        "numbers": _count_bins(numbers, _choose_count_edges(most)),
        "sides": _count_bins(sides, np.linspace(0, 1, BINS + 1)),
    }


def _choose_count_edges(most: int) -> Floats:
    """Return a bin for each number up to `most` where they are few, else even bins."""
    if most >= 2 * BINS:
        return choose_edges(0.0, float(most))
    return np.arange(most + 2, dtype=np.float64) - 0.5


def _show_samples(inputs: InspectionInputs) -> list[dict[str, Any]]:
    """Return pictures spread evenly over the images that can be read."""
    examination = inputs.examination
    pairs = zip(examination.catalog.images, examination.checked, strict=False)
    readable = [image for image, check in pairs if check is not None]
    places = np.unique(np.linspace(0, len(readable) - 1, min(MAX_SAMPLES, len(readable))).astype(int))
    return [_show(inputs, readable[place], "") for place in places]


def _show_suspects(inputs: InspectionInputs) -> list[dict[str, Any]]:
    """Return pictures of the images that advice is about, kinds in turn, the worst of each first."""
    findings = inputs.examination.findings
    by_subject = {image.subject: image for image in inputs.examination.catalog.images}
    queues: dict[str, list[Advice]] = {}
    for piece in sorted(findings.advice, key=lambda piece: 1.0 if piece.score is None else piece.score):
        if piece.subject in by_subject:
            queues.setdefault(piece.issue.value, []).append(piece)
    chosen: dict[str, Advice] = {}
    while len(chosen) < MAX_SUSPECTS and any(queues.values()):
        for queue in queues.values():
            if queue:
                piece = queue.pop(0)
                chosen.setdefault(piece.subject, piece)
    return [
        _show(inputs, by_subject[subject], piece.issue.value) for subject, piece in list(chosen.items())[:MAX_SUSPECTS]
    ]


def _show(inputs: InspectionInputs, image: CatalogImage, issue: str) -> dict[str, Any]:
    tags, read = inputs.examination.catalog.tags, inputs.read_image
    named = [tags[label] for label in image.labels]
    boxes = [
        {"kind": "shown", "tag": tag, "box": [round(float(side), 4) for side in box]}
        for tag, box in list(zip(named, image.boxes, strict=False))[:MAX_BOXES]
    ]
    picture = make_thumbnail(lambda: read(image)) if read is not None and inputs.has_time() else None
    return {
        "imageId": image.image_id,
        "file": image.file,
        "issue": issue,
        "tags": list(dict.fromkeys(named))[:5],
        "boxes": boxes,
        "picture": picture,
    }
