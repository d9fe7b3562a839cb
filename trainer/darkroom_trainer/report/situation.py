"""From what a report is made of to what the rules for the next steps look at.

Owns this translation. Pure. Must not decide what to do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from darkroom_report.texts import shorten
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.report.inputs import ReportInputs
from darkroom_trainer.report.next_steps import Situation, TagState

SMALL_BOX_PERCENTILE: Final = 5
NAME_LENGTH: Final = 40


def describe_situation(inputs: ReportInputs, rows: Sequence[Mapping[str, Any]]) -> Situation:
    """Return the situation of a finished run; `rows` are those of its tags."""
    metrics, model = inputs.metrics, inputs.model
    performance, scores = metrics.get("performance") or {}, metrics.get("scores") or {}
    input_px = model.preprocessing.image_size_px
    meter = metrics.get("meter") or {}
    interval = performance.get("scoreInterval")
    return Situation(
        is_measured=bool(performance),
        has_boxes=model.task.has_boxes,
        stop_reason=inputs.final_stop_reason,
        budget_seconds=metrics.get("budgetSeconds"),
        charged_seconds=meter.get("chargedSeconds"),
        images_measured=performance.get("images", 0),
        score=performance.get("score"),
        interval=(interval["low"], interval["high"]) if interval else None,
        calibration_error=performance.get("calibrationECE", scores.get("calibrationError")),
        precision=(scores.get("precision") or {}).get("micro"),
        recall=(scores.get("recall") or {}).get("micro"),
        tags=[_describe_tag(row) for row in rows],
        confused=_find_confused(scores.get("confusionMatrix")),
        label_errors=len(inputs.label_errors),
        issues=Counter(advice.issue.value for advice in inputs.all_advice),
        image_size_px=input_px,
        smallest_box_px=_measure_small_boxes(inputs.training, input_px),
    )


def _describe_tag(row: Mapping[str, Any]) -> TagState:
    return TagState(shorten(row["tag"], NAME_LENGTH), row["trained"], row["truths"] or 0, row["recall"])


def _find_confused(confusion: Mapping[str, Any] | None) -> tuple[str, str, int] | None:
    for mistake in (confusion or {}).get("mostConfused", ()):
        if mistake["truth"] is not None and mistake["predicted"] is not None:
            truth, answer = (shorten(mistake[side], NAME_LENGTH) for side in ("truth", "predicted"))
            return truth, answer, mistake["count"]
    return None


def _measure_small_boxes(dataset: LoadedDataset | None, input_px: int) -> float | None:
    """Return the shorter side of small boxes as the model sees them."""
    boxes = [example.boxes[:, 2:] for example in dataset.examples if len(example.boxes)] if dataset else []
    if not boxes:
        return None
    sides = np.concatenate(boxes).min(axis=1)
    return float(np.percentile(sides, SMALL_BOX_PERCENTILE)) * input_px
