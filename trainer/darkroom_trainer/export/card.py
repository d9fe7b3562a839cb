"""`card.md`: what a model is, how good it is and what it cost, for people.

Owns the page's words; every number in it is also in `metrics.json` or `model.json`. Must not compute any.
"""

import pathlib
import re
from typing import Any, Final

from darkroom_api.v1alpha1.common import MeasuredOn, Performance
from darkroom_predict.description import ModelDescription
from darkroom_storage.secrets import hide
from darkroom_trainer.export import model_summary

CARD_NAME: Final = "card.md"
MAX_LABELS: Final = 20
_MARKUP: Final = re.compile(r"[\\`*_{}\[\]<>#|~&!:@$]|(?<=www)\.", re.IGNORECASE)
"""What begins markup inside a line in some dialect, with addresses that become links by themselves."""


def write_card(
    folder: pathlib.Path,
    name: str,
    model: ModelDescription,
    performance: Performance | None,
    details: dict[str, Any],
    note: str,
) -> str:
    """Write the page into `folder` and return its name; arguments as in `build_card`."""
    (folder / CARD_NAME).write_text(hide(build_card(name, model, performance, details, note)), encoding="utf-8")
    return CARD_NAME


def build_card(
    name: str, model: ModelDescription, performance: Performance | None, details: dict[str, Any], note: str = ""
) -> str:
    """Return the page of the Model `name`; `details` is what metrics.json holds, `note` what its user should know."""
    meter, images = details["meter"], details["images"]
    rows = {
        "Task": model.task.value,
        "Tags": _list_labels(model.labels),
        "Score": _describe_score(performance),
        "Trained on": f"{images['final']:,} images, dataset revision `{details['datasetRevision']}`",
        "Model": escape(model_summary.summarize_model(model, model_summary.read_sources(details))),
        "Pictures": f"{model.preprocessing.image_size_px} px",
        "Training": _describe_training(model, details),
        "Charged": f"{meter['chargedSeconds']:,.1f} s of {details['budgetSeconds']:,.0f} s: kept work",
        "Allocated": f"{meter['allocatedSeconds']:,.1f} s: what pods held until the upload, attempt {meter['attempt']}",
        "Hardware": f"{meter['devices']} x {details['device']}, milliRate {meter['milliRate']}",
        "Version": f"{model.version}, made by Darkroom {model.darkroom_version}",
    }
    table = "\n".join(f"| {title} | {text} |" for title, text in rows.items())
    remark = f"\n{escape(note[:1].upper() + note[1:])}.\n" if note else ""
    return f"# {escape(name)}\n{remark}\n| | |\n|---|---|\n{table}\n\nSeconds are those of the reference device.\n"


def _describe_training(model: ModelDescription, details: dict[str, Any]) -> str:
    seed = f"seed {details['seed']}"
    if model.backbone is None:
        return f"no network was trained, {seed}"
    return f"batches of {details['recipe']['batch_size']}, {details['steps']:,} steps, {seed}"


def _list_labels(labels: tuple[str, ...]) -> str:
    shown = ", ".join(escape(label) for label in labels[:MAX_LABELS])
    return shown if len(labels) <= MAX_LABELS else f"{shown} and {len(labels) - MAX_LABELS} more"


def escape(text: str) -> str:
    """Return `text` on one line, so that Markdown shows it as it is: no markup, link, image or HTML of a tag works."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return _MARKUP.sub(r"\\\g<0>", line)


def _describe_score(performance: Performance | None) -> str:
    if performance is None:
        return "not measured: too few images to hold any out"
    place = "held-out images" if performance.measured_on is MeasuredOn.HOLD_OUT else "images of the evaluation dataset"
    return f"{name_score(performance)} {performance.score or 0.0:.3f} on {performance.images:,} {place}"


def name_score(performance: Performance) -> str:
    """Return which of the scores `score` is."""
    if performance.mean_average_precision50 is not None:
        return "mAP@50"
    return "averagePrecision" if performance.accuracy_top1 is None else "accuracyTop1"
