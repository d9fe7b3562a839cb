"""The report of a finished Model or Evaluation as JSON: everything that its page shows.

Owns the form and what is left out where there is much. Must not make markup. Pictures of the worst mistakes are read
from the measured images; nothing else is.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from darkroom_api.v1alpha1.common import STOP_MEANINGS
from darkroom_trainer.data import originals
from darkroom_trainer.data.records.dataset import Example
from darkroom_trainer.export.model_summary import read_sources, summarize_model
from darkroom_trainer.export.results import Measured
from darkroom_trainer.report import mistakes, situation, tags
from darkroom_trainer.report.inputs import ReportInputs
from darkroom_trainer.report.next_steps import suggest
from darkroom_trainer.report.problems import describe_advice
from darkroom_trainer.report.thumbnails import limit, make_thumbnail

FORM: Final = 1
"""Version of the form; it grows by one where a reader of an older one would misread it."""
MAX_TAGS_IN_JSON: Final = 2_000
MAX_TRIALS: Final = 2_000
MAX_LABEL_ERRORS: Final = 100
MAX_PICTURED_ERRORS: Final = 8
MAX_HISTORY: Final = 400
MAX_HEADS: Final = 2
PICTURES_SECONDS: Final = 1.0
"""Wall-clock seconds after which no further picture is begun; a dozen of usual size take a tenth of it."""
OTHER_SCORES: Final = {
    "accuracyTop1": "Accuracy (top 1)",
    "accuracyTop5": "Accuracy (top 5)",
    "balancedAccuracy": "Balanced accuracy",
    "averagePrecision": "Average precision",
    "meanAveragePrecision30": "mAP@30",
    "meanAveragePrecision50": "mAP@50",
    "meanAveragePrecision75": "mAP@75",
    "meanAveragePrecision": "mAP@50:95",
    "calibrationECE": "Calibration error",
}


def build_report(inputs: ReportInputs) -> dict[str, Any]:
    """Return the content of report.json."""
    metrics, model = inputs.metrics, inputs.model
    has_time = limit(inputs.has_time, PICTURES_SECONDS, inputs.clock)
    performance, scores = metrics.get("performance"), metrics.get("scores")
    rows = tags.build_tag_rows(scores, performance, tags.count_images(inputs.training))
    steps = suggest(situation.describe_situation(inputs, rows))
    return {
        "form": FORM,
        "kind": "evaluation" if "recipe" not in metrics else "model",
        "name": inputs.name,
        "headline": _build_headline(inputs),
        "nextSteps": [step.to_json() for step in steps],
        "history": _thin(metrics.get("history") or [], MAX_HISTORY),
        "trials": _build_trials(metrics.get("trials") or []),
        "confusion": tags.build_confusion((scores or {}).get("confusionMatrix")),
        "curves": tags.build_curves(scores, rows),
        "calibration": (scores or {}).get("calibration") or [],
        "tagCount": len(model.labels),
        "tags": rows[:MAX_TAGS_IN_JSON],
        "mistakes": _build_mistakes(inputs, has_time),
        "advice": describe_advice(inputs.all_advice),
        "labelErrors": _build_label_errors(inputs, has_time),
        "labelErrorCount": len(inputs.label_errors),
        "making": _build_making(inputs),
    }


def _build_headline(inputs: ReportInputs) -> dict[str, Any]:
    metrics, model = inputs.metrics, inputs.model
    performance = metrics.get("performance") or {}
    measured_on = performance.get("measuredOn")
    name = model.task.score_name
    interval = performance.get("scoreInterval") or _find_interval(metrics.get("scores"), name)
    meter, stopped = metrics.get("meter") or {}, inputs.final_stop_reason
    return {
        "task": model.task.value,
        "scoreName": name,
        "score": performance.get("score"),
        "interval": interval,
        "scores": {key: performance[key] for key in OTHER_SCORES if performance.get(key) is not None},
        "measuredOn": measured_on,
        "imagesMeasured": performance.get("images", 0),
        "dataset": inputs.measured.dataset.name if inputs.measured else None,
        "stopReason": stopped.value if stopped else None,
        "stopMeaning": STOP_MEANINGS[stopped] if stopped else None,
        "chargedSeconds": meter.get("chargedSeconds"),
        "budgetSeconds": metrics.get("budgetSeconds"),
        "device": metrics.get("device"),
        "devices": meter.get("devices"),
        "backbone": model.backbone,
        "model": summarize_model(model, read_sources(metrics)),
        "light": describe_head(model.light),
        "lightShare": model.light_share,
        "note": inputs.note or None,
    }


def describe_head(spec: Mapping[str, Any] | None) -> str | None:
    """Return the heads of a frozen-feature classifier and what they look at; None where there is none."""
    members = (spec or {}).get("members") or []
    heads = [f"{member['family']} on {', '.join(member['blocks'])}" for member in members]
    more = [f"{len(heads) - MAX_HEADS} more"] if len(heads) > MAX_HEADS else []
    return "; ".join(heads[:MAX_HEADS] + more) or None


def _find_interval(scores: Mapping[str, Any] | None, name: str) -> dict[str, float] | None:
    found = ((scores or {}).get("intervals") or {}).get(name)
    return {"low": found["low"], "high": found["high"]} if found else None


def _build_trials(trials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the trials that have the form of `search.trial_records`."""
    return [dict(trial) for trial in trials if "end" in trial][:MAX_TRIALS]


def _thin(points: Sequence[Any], most: int) -> list[Any]:
    """Return at most `most` points spread evenly, with the first and the last."""
    if len(points) <= most:
        return list(points)
    return [points[round(at * (len(points) - 1) / (most - 1))] for at in range(most)]


def _build_mistakes(inputs: ReportInputs, has_time: Callable[[], bool]) -> dict[str, Any]:
    measured, model = inputs.measured, inputs.model
    if measured is None:
        return {"wrong": 0, "images": 0, "shown": []}
    wrong, worst = mistakes.find_mistakes(model.task, measured.predictions, measured.truths, model.threshold)
    shown = [_show_mistake(model.labels, measured, mistake, has_time) for mistake in worst]
    return {"wrong": wrong, "images": len(measured.rows), "shown": shown}


def _show_mistake(
    labels: Sequence[str], measured: Measured, mistake: mistakes.Mistake, has_time: Callable[[], bool]
) -> dict[str, Any]:
    example = measured.dataset.examples[int(measured.rows[mistake.at])]
    boxes = [{"tag": labels[box["label"]], **{key: box[key] for key in box if key != "label"}} for box in mistake.boxes]
    return {
        "imageId": example.image_id,
        "file": example.file,
        "what": mistake.what,
        "truth": [labels[label] for label in mistake.truth],
        "guesses": [{"tag": labels[label], "confidence": round(score, 4)} for label, score in mistake.guesses],
        "boxes": boxes,
        "picture": make_thumbnail(functools.partial(originals.read_bytes, example)) if has_time() else None,
    }


def _build_label_errors(inputs: ReportInputs, has_time: Callable[[], bool]) -> list[dict[str, Any]]:
    """Return the probable label errors, the first of them with pictures where the data they come from is at hand."""
    entries = [dict(error) for error in inputs.label_errors[:MAX_LABEL_ERRORS]]
    pictured = entries[:MAX_PICTURED_ERRORS]
    wanted = {(error.get("imageId"), error.get("file")) for error in pictured}
    examples = inputs.training.examples if inputs.training and wanted else ()
    found: dict[tuple[Any, Any], Example] = {
        (one.image_id, one.file): one for one in examples if (one.image_id, one.file) in wanted
    }
    for error in pictured:
        example = found.get((error.get("imageId"), error.get("file")))
        if example is not None and has_time():
            error["picture"] = make_thumbnail(functools.partial(originals.read_bytes, example))
    return entries


def _build_making(inputs: ReportInputs) -> dict[str, Any]:
    metrics, model = inputs.metrics, inputs.model
    names = ("recipe", "steps", "seed", "datasetRevision", "images", "meter", "model")
    known = {name: metrics[name] for name in names if metrics.get(name) is not None}
    return {
        **known,
        "version": model.version,
        "darkroomVersion": model.darkroom_version,
        "threshold": model.threshold,
        "imageSizePx": model.preprocessing.image_size_px,
        "light": model.light,
        "onnx": inputs.parity or metrics.get("onnx"),
    }
