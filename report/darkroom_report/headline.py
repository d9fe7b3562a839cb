"""The top of a report: how good, measured on what, at what cost, and what to do next.

Owns these words. Every number is one of report.json's `headline`. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_report import numbers
from darkroom_report.markup import Content, Markup, element, join, join_with, name
from darkroom_report.page import build_facts, build_meter, build_section, with_note

TASK_NAMES: Final = {
    "classifier": "Classifier",
    "multilabelClassifier": "Multilabel classifier",
    "detector": "Detector",
    "productRecognizer": "Product recognizer",
}
SCORE_TITLES: Final = {
    "accuracyTop1": "Accuracy",
    "accuracyTop5": "Accuracy, best five",
    "balancedAccuracy": "Balanced accuracy",
    "averagePrecision": "Average precision",
    "meanAveragePrecision30": "mAP@30",
    "meanAveragePrecision50": "mAP@50",
    "meanAveragePrecision75": "mAP@75",
    "meanAveragePrecision": "mAP@50:95",
    "calibrationECE": "Calibration error",
}
SCORE_MEANINGS: Final = {
    "accuracyTop1": "share of images whose surest tag is right",
    "averagePrecision": "mean over tags of the average precision",
    "meanAveragePrecision50": "mean over tags of the average precision of boxes that overlap by half",
}
STOP_TITLES: Final = {
    "Converged": "Converged",
    "NoProgress": "No progress",
    "Ceiling": "Ceiling reached",
    "BudgetReached": "Budget spent",
    "TrialsExhausted": "Everything tried",
    "FewImages": "Few images",
}


def render_header(report: Mapping[str, Any]) -> Markup:
    """Return the name of what was measured and what it is."""
    headline = report["headline"]
    task = TASK_NAMES.get(headline["task"], headline["task"])
    return element(
        "header",
        element("p", f"Darkroom · {report['kind']}", class_="eyebrow"),
        element("h1", name(report["name"], 120)),
        element("p", f"{task} of {numbers.count(report['tagCount'], 'tag')}", class_="lead"),
    )


def render_hero(report: Mapping[str, Any]) -> Markup:
    """Return the score with its interval beside the facts that it rests on."""
    headline = report["headline"]
    note = headline.get("note")
    warning = element("p", note[:1].upper() + note[1:] + ".", class_="warning") if note else None
    hero = element("div", _render_score(headline), _render_facts(headline), class_="hero")
    return join(warning, hero, _render_tiles(headline))


def _render_score(headline: Mapping[str, Any]) -> Markup:
    if headline["score"] is None:
        text = "There were too few images to hold any out, so nothing could be measured."
        return element(
            "div",
            element("p", "Score", class_="soft"),
            element("p", "not measured", class_="score"),
            element("p", text),
        )
    title, interval = headline["scoreName"], headline["interval"]
    return element(
        "div",
        element("div", SCORE_TITLES.get(title, title), class_="soft"),
        element("div", numbers.show_score(headline["score"]), class_="score"),
        element("div", _describe_interval(interval), class_="soft"),
        draw_interval(headline["score"], interval),
        element("p", f"{SCORE_MEANINGS.get(title, '')}; 1 is perfect.", class_="note"),
    )


def _describe_interval(interval: Mapping[str, float] | None) -> str:
    if interval is None:
        return "too many images and tags for an interval"
    return f"95 % interval {numbers.show_score(interval['low'])} to {numbers.show_score(interval['high'])}"


def draw_interval(score: float, interval: Mapping[str, float] | None) -> Markup:
    """Return a line from 0 to 1 with the score on it, and its interval."""
    span = None
    if interval is not None:
        low, high = 4 + 292 * interval["low"], 4 + 292 * interval["high"]
        span = element(
            "line", x1=low, x2=max(high, low + 1), y1=9, y2=9, stroke="var(--s1)", stroke_width=7, opacity=0.35
        )
    return element(
        "svg",
        element("line", x1=4, x2=296, y1=9, y2=9, stroke="var(--line)", stroke_width=2),
        span,
        element("circle", cx=4 + 292 * min(1.0, max(0.0, score)), cy=9, r=5, fill="var(--s1)"),
        viewBox="0 0 300 18",
        class_="scale",
        aria_hidden="true",
    )


def _render_facts(headline: Mapping[str, Any]) -> Markup:
    return build_facts(
        {
            "Measured on": _describe_measured(headline),
            "Why it stopped": _describe_stop(headline),
            "Compute": _describe_compute(headline),
            "Model": _describe_model(headline),
        }
    )


def _describe_measured(headline: Mapping[str, Any]) -> Markup | None:
    if not headline["imagesMeasured"]:
        return None
    place = "held out of the training data" if headline["measuredOn"] == "holdOut" else "of the evaluation data"
    dataset = join(place, " ", name(headline["dataset"])) if headline["dataset"] else place
    return with_note(numbers.count(headline["imagesMeasured"], "image"), dataset)


def _describe_stop(headline: Mapping[str, Any]) -> Content:
    reason = headline["stopReason"]
    return with_note(STOP_TITLES.get(reason, reason), headline["stopMeaning"]) if reason else None


def _describe_compute(headline: Mapping[str, Any]) -> Markup | None:
    charged, budget = headline["chargedSeconds"], headline["budgetSeconds"]
    if charged is None or not budget:
        return None
    text = f"{numbers.show_seconds(charged)} of {numbers.show_seconds(budget)}"
    return join(
        text, build_meter(charged / budget), element("small", f"{numbers.show_share(charged / budget)} of the budget")
    )


def _describe_hardware(headline: Mapping[str, Any]) -> str | None:
    device, devices = headline["device"], headline["devices"] or 1
    if not device:
        return None
    return f"trained on {device}" if devices == 1 else f"trained on {devices} × {device}"


def _describe_model(headline: Mapping[str, Any]) -> Markup:
    light, share = headline["light"], headline["lightShare"]
    notes: list[Content] = [join("frozen-feature classifier: ", name(light, 120))] if light and share else []
    notes += [f"ensemble weight {numbers.show_share(share)}"] if 0 < share < 1 else []
    notes += [text] if (text := _describe_hardware(headline)) else []
    return with_note(name(headline["model"], 240), join_with("; ", notes))


def _render_tiles(headline: Mapping[str, Any]) -> Markup | None:
    scores = {key: value for key, value in headline["scores"].items() if key != headline["scoreName"]}
    return (
        build_facts({SCORE_TITLES[key]: numbers.show_score(value) for key, value in scores.items()}, "tiles")
        if scores
        else None
    )


def render_steps(steps: Sequence[Mapping[str, str]]) -> Markup | None:
    """Return what to do next, the most important first."""
    if not steps:
        return build_section("What to do next", intro="Nothing stands out: no rule of the report asks for anything.")
    items = [element("li", element("span", step["text"])) for step in steps]
    return build_section("What to do next", element("ol", *items, class_="steps"))
