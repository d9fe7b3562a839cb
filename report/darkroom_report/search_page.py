"""The sections of a report that tell how the model came about: learning, trials, and what repeats it.

Owns which trials are shown. Every number is in report.json. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_report import charts, numbers
from darkroom_report.markup import Content, Markup, element, name, shorten
from darkroom_report.page import build_chart, build_facts, build_pair, build_section, build_table, with_note

MAX_TRIAL_ROWS: Final = 12
END_TITLES: Final = {
    "won": "won",
    "kept": "kept",
    "pruned": "pruned",
    "failed": "failed",
    "tooCostly": "too costly",
}
TRIAL_HEAD: Final = ("Trial", "Score", "Took", "Images seen", "Round", "End")


def render_search(report: Mapping[str, Any]) -> Markup | None:
    """Return the learning curve and the trials over the budget."""
    history, trials = report["history"], report["trials"]
    if not history and not trials:
        return None
    has_rounds = any(trial["kind"] == "network" and trial["rung"] for trial in trials)
    pair = build_pair(
        build_chart("Trials over the budget", charts.draw_trials(trials, report["headline"]["budgetSeconds"]))
        if trials
        else None,
        build_chart("Networks by round", charts.draw_rounds(trials)) if has_rounds else None,
        build_chart("Learning", charts.draw_learning(history)) if history else None,
    )
    return build_section("How it was found", pair, _render_trials(trials))


def _render_trials(trials: Sequence[Mapping[str, Any]]) -> Markup | None:
    if not trials:
        return None
    best = sorted(
        trials, key=lambda trial: (trial["end"] != "won", -(trial["score"] if trial["score"] is not None else -1))
    )
    table = build_table(TRIAL_HEAD, [_render_trial(trial) for trial in best[:MAX_TRIAL_ROWS]], (1, 2, 3, 4), (2, 3, 4))
    more = (
        f"The best {MAX_TRIAL_ROWS}; all {len(trials):,} trials are in report.json."
        if len(trials) > MAX_TRIAL_ROWS
        else None
    )
    return element("div", table, element("p", more, class_="note") if more else None)


def _render_trial(trial: Mapping[str, Any]) -> list[Content]:
    error = trial.get("standard_error")
    score = numbers.show_score(trial["score"]) + (f" ± {error:.3f}" if error is not None else "")
    kind = charts.TRIAL_KINDS.get(trial["kind"], trial["kind"])
    return [
        with_note(name(trial["name"], 60), kind),
        score,
        numbers.show_seconds(trial["cost_seconds"]),
        numbers.show_count(trial["passes"]) if trial["passes"] else numbers.UNKNOWN,
        numbers.show_count(trial["rung"]) if trial["kind"] == "network" else numbers.UNKNOWN,
        with_note(END_TITLES.get(trial["end"], trial["end"]), shorten(trial["why"], 120)),
    ]


def render_making(report: Mapping[str, Any]) -> Markup:
    """Return what one needs to know to make the same again, and whether ONNX says the same."""
    making = report["making"]
    images, meter, source = making.get("images") or {}, making.get("meter") or {}, making.get("model") or {}
    facts: dict[str, Content] = {
        "Images": _describe_images(images),
        "Input": f"{making['imageSizePx']} × {making['imageSizePx']} pixels",
        "Steps": numbers.show_count(making["steps"]) if making.get("steps") is not None else None,
        "Seed": str(making["seed"]) if making.get("seed") is not None else None,
        "Confidence shown from": f"{making['threshold']:.2f}" if making["threshold"] else None,
        "Allocated": with_note(numbers.show_seconds(meter["allocatedSeconds"]), "what its pods held")
        if "allocatedSeconds" in meter
        else None,
        "Attempt": numbers.show_count(meter["attempt"]) if "attempt" in meter else None,
        "Model": name(source["uri"], 200) if source.get("uri") else None,
        "Model version": element("code", making["version"]),
        "Dataset revision": element("code", shorten(making["datasetRevision"], 22))
        if making.get("datasetRevision")
        else None,
        "Darkroom": making["darkroomVersion"],
        "ONNX": _describe_parity(making.get("onnx")),
    }
    return build_section("How it was made", build_facts(facts, "facts wide"), _render_recipe(making.get("recipe")))


def _describe_images(images: Mapping[str, int]) -> str | None:
    titles = {"train": "to learn from", "heldOut": "held out", "final": "in the refit", "evaluation": "measured"}
    parts = [f"{images[key]:,} {title}" for key, title in titles.items() if images.get(key)]
    return ", ".join(parts) or None


def _describe_parity(parity: Mapping[str, Any] | None) -> Content:
    """Return whether the ONNX file says the same as torch, from the record of `export.onnx_parity`."""
    if not parity:
        return None
    if parity.get("problem"):
        return with_note("left out", shorten(str(parity["problem"]), 200))
    if not parity.get("agrees"):
        return "does not agree with torch"
    largest = max(float(parity.get(key) or 0.0) for key in ("maxLogitDifference", "maxBoxDifference"))
    note = f"largest difference {largest:.1e}, at most {parity.get('tolerance', 0.0):.0e} allowed"
    return with_note("agrees with torch", note)


def _render_recipe(recipe: Mapping[str, Any] | None) -> Markup | None:
    if not recipe:
        return None
    rows: list[list[Content]] = [[_split_words(key), shorten(_show_value(value), 200)] for key, value in recipe.items()]
    return element("details", element("summary", "The recipe"), build_table(("Setting", "Value"), rows, ()))


def _split_words(key: str) -> str:
    """Return a name of JSON or Python as words."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)
    return spaced.replace("_", " ").strip()


def _show_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
