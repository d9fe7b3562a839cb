"""The charts of a report, each a pure function of plain numbers; none of them fails on none, one or many points.

Owns what each chart shows. The parts are `plot`'s, the colours the style sheet's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from darkroom_report import numbers
from darkroom_report.plot import SERIES, Axis, Plot, Point, draw_bars, join, span_axis
from darkroom_report.texts import shorten

UNIT: Final = (0.0, 1.0)
STAGES: Final = {"holdOut": "hold-out run, without the held-out images", "final": "refit, all images"}
TRIAL_KINDS: Final = {"head": "frozen-feature classifier", "network": "network"}
TRIAL_ENDS: Final = {"won": "won", "pruned": "pruned", "failed": "no score"}
MAX_DRAWN_TRIALS: Final = 400
_SWATCH: Final = Markup('<svg viewBox="0 0 26 10" class="swatch" aria-hidden="true">{}</svg>')


def draw_learning(history: Sequence[Mapping[str, Any]]) -> Markup:
    """Return the loss over the charged seconds, a line for each stage."""
    stages = list(dict.fromkeys(point.get("stage", "") for point in history))
    lines = {stage: [_read_loss(point) for point in history if point.get("stage", "") == stage] for stage in stages}
    every = [point for line in lines.values() for point in line]
    plot = Plot(
        span_axis([x for x, _ in every], "charged seconds", numbers.show_tick_seconds),
        span_axis([y for _, y in every], "loss", numbers.show_tick_count),
    )
    marks = [_draw_series(plot, line, at) for at, line in enumerate(lines.values())]
    legend = _build_legend([(f"s{at % SERIES + 1}", STAGES.get(stage, stage)) for at, stage in enumerate(stages)])
    return plot.draw("Loss over the charged seconds", *marks) + legend


def _read_loss(point: Mapping[str, Any]) -> Point:
    return float(point.get("chargedSeconds", point.get("step", 0.0))), float(point["loss"])


def _draw_series(plot: Plot, points: Sequence[Point], at: int) -> Markup:
    """Return a line; a lonely point becomes a dot."""
    css = f"s{at % SERIES + 1}"
    if len(points) == 1:
        return plot.draw_dot(points[0], f"dot {css}")
    return plot.draw_line(points, css)


def draw_trials(trials: Sequence[Mapping[str, Any]], budget_seconds: float | None) -> Markup:
    """Return each trial as a bar from its start to its end at the height of its score, and the best score so far."""
    scored = [trial for trial in trials if trial["score"] is not None]
    ends = [trial["started_at_seconds"] + trial["cost_seconds"] for trial in trials]
    low = min((trial["score"] for trial in scored), default=0.0)
    plot = Plot(
        span_axis([*ends, budget_seconds or 0.0], "charged seconds", numbers.show_tick_seconds),
        Axis(_floor_tenth(low), 1.0, "score", "{:g}".format),
    )
    drawn = sorted(scored, key=lambda trial: trial["score"])[-MAX_DRAWN_TRIALS:]
    marks = [_draw_best(plot, scored, max(ends, default=0.0))]
    marks += [_draw_trial(plot, trial) for trial in drawn]
    marks += [_draw_unscored(plot, trial) for trial in trials if trial["score"] is None][:MAX_DRAWN_TRIALS]
    return plot.draw("Trials over the budget, by their score", *marks) + _build_trial_legend(trials)


def _build_trial_legend(trials: Sequence[Mapping[str, Any]]) -> Markup:
    kinds = [kind for kind in TRIAL_KINDS if any(trial["kind"] == kind for trial in trials)]
    ends = [end for end in TRIAL_ENDS if any(_name_end(trial) == end for trial in trials)]
    entries = [(_draw_mark(f"k-{kind} kept", kind=kind), TRIAL_KINDS[kind]) for kind in kinds]
    entries += [(_draw_mark(f"k-{kinds[-1]} {end}", kind=kinds[-1]), TRIAL_ENDS[end]) for end in ends if kinds]
    entries.append((_draw_swatch("best"), "best so far"))
    return _list_legend(entries)


def _draw_mark(css: str, *, kind: str) -> Markup:
    if kind == "head":
        mark = Markup('<polygon points="9,5 13,1 17,5 13,9" class="dot {}"/>')
    else:
        mark = Markup('<circle cx="13" cy="5" r="4" class="dot {}"/>')
    return _SWATCH.format(mark.format(css))


def _name_end(trial: Mapping[str, Any]) -> str:
    """Return how a trial is marked."""
    if trial["score"] is None and trial["end"] not in ("won", "kept"):
        return "failed"
    return trial["end"] if trial["end"] in ("won", "pruned") else "kept"


def _floor_tenth(value: float) -> float:
    """Return where the axis of scores begins: a tenth below them, so that good scores do not crowd at the top."""
    return max(0.0, int(value * 10) / 10) if value < 0.9 else 0.8


def _draw_trial(plot: Plot, trial: Mapping[str, Any]) -> Markup:
    start, end = trial["started_at_seconds"], trial["started_at_seconds"] + trial["cost_seconds"]
    css = f"k-{trial['kind']}" if trial["kind"] in TRIAL_KINDS else "s1"
    ended = _name_end(trial)
    took = numbers.show_seconds(trial["cost_seconds"])
    title = f"{shorten(trial['name'], 60)}: {trial['score']:.3f}, {took}, {trial['end']}"
    bar = plot.draw_line([(start, trial["score"]), (end, trial["score"])], f"{css} trial")
    draw = plot.draw_diamond if trial["kind"] == "head" else plot.draw_dot
    dot = draw((end, trial["score"]), f"dot {css} {ended}", 6.0 if ended == "won" else 3.4, title)
    return bar + dot


def _draw_unscored(plot: Plot, trial: Mapping[str, Any]) -> Markup:
    """A trial without a score stands on the floor of the chart."""
    title = f"{shorten(trial['name'], 60)}: {trial['end']}"
    return plot.draw_dot(
        (trial["started_at_seconds"], plot.y.low), f"dot k-{trial['kind']} {_name_end(trial)}", 3.4, title
    )


def _draw_best(plot: Plot, scored: Sequence[Mapping[str, Any]], last: float) -> Markup:
    points: list[Point] = []
    best = -1.0
    for end, score in sorted((trial["started_at_seconds"] + trial["cost_seconds"], trial["score"]) for trial in scored):
        if score > best:
            points += [(end, best)] if points else []
            points.append((end, score))
            best = score
    return plot.draw_line([*points, (last, best)] if points else [], "best")


def draw_rounds(trials: Sequence[Mapping[str, Any]]) -> Markup:
    """Return the score of each network after each round that it took part in, and the best of each round."""
    lines = [(trial["name"], _read_rounds(trial)) for trial in trials if trial["kind"] == "network"]
    every = [point for _, line in lines for point in line]
    rounds = sorted({x for x, _ in every})
    best = [(at, max(y for x, y in every if x == at)) for at in rounds]
    low = min((y for _, y in every), default=0.0)
    x_axis = Axis((rounds[0] if rounds else 0) - 0.5, (rounds[-1] if rounds else 1) + 0.5, "round", _show_round)
    plot = Plot(x_axis, Axis(_floor_tenth(low), 1.0, "score", "{:g}".format))
    paths = [plot.draw_line(line, "k-network trial") for _, line in lines]
    dots = [
        plot.draw_dot((x, y), "dot k-network", 3.5, f"{shorten(title, 60)}: {y:.3f}")
        for title, line in lines
        for x, y in line
    ]
    legend = _build_legend([("best", "best of the round"), ("k-network trial", "a network")])
    return plot.draw("Score of the networks by round", *paths, plot.draw_line(best, "best"), *dots) + legend


def _read_rounds(trial: Mapping[str, Any]) -> list[Point]:
    """Return a point for each round; a record without the scores of all has that of its last."""
    scores = (trial.get("settings") or {}).get("scores") or ([trial["score"]] if trial["score"] is not None else [])
    first = int(trial["rung"]) - len(scores) + 1
    return [(float(first + at), float(score)) for at, score in enumerate(scores)]


def _show_round(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else ""


def draw_precision_recall(curves: Sequence[Mapping[str, Any]]) -> Markup:
    """Return precision over recall: a bold line for all tags, a thin one for each troubled one."""
    plot = Plot(Axis(*UNIT, "recall", "{:g}".format), Axis(*UNIT, "precision", "{:g}".format))
    marks, entries = [], []
    for at, curve in enumerate(curves[:SERIES]):
        points = list(zip(curve["recall"], curve["precision"], strict=True))
        css = f"s{at + 1}" + (" bold" if curve["tag"] is None else "")
        marks.append(plot.draw_dot(points[0], f"dot {css}") if len(points) == 1 else plot.draw_line(points, css))
        entries.append((css, "all tags" if curve["tag"] is None else curve["tag"]))
    return plot.draw("Precision over recall", *reversed(marks)) + _build_legend(entries)


def draw_calibration(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Return how often answers of each confidence are right; on the diagonal confidences are what they say."""
    plot = Plot(Axis(*UNIT, "confidence", "{:g}".format), Axis(*UNIT, "share that is right", "{:g}".format))
    most = max((cell["guesses"] for cell in bins), default=1) or 1
    gaps = [plot.draw_line([(cell["confidence"],) * 2, (cell["confidence"], cell["right"])], "gap") for cell in bins]
    dots = [
        plot.draw_dot(
            (cell["confidence"], cell["right"]),
            "dot s1",
            2.5 + 5 * (cell["guesses"] / most) ** 0.5,
            f"{cell['guesses']:,} answers with {cell['confidence']:.0%} confidence, {cell['right']:.0%} right",
        )
        for cell in bins
    ]
    diagonal = plot.draw_line([(0.0, 0.0), (1.0, 1.0)], "ideal")
    legend = _build_legend(
        [("ideal", "ideal"), ("s1", "answers, more of them where the dot is larger"), ("gap", "how far off")]
    )
    return plot.draw("How often answers of each confidence are right", diagonal, *gaps, *dots) + legend


def draw_histogram(
    bins: Mapping[str, Sequence[Any]],
    title: str,
    show: Callable[[float], str] = "{:g}".format,
    what: str = "images",
) -> Markup:
    """Return how many of `what`, the bins' `counts`, lie between neighbouring `edges`, of which there is one more."""
    edges, counts = bins["edges"], bins["counts"]
    low, high = (edges[0], edges[-1]) if len(edges) > 1 else (0.0, 1.0)
    plot = Plot(Axis(low, high, title, show), span_axis(counts, what, numbers.show_tick_count))
    titles = [
        f"{show(start)} to {show(end)}: {number:,}"
        for start, end, number in zip(edges, edges[1:], counts, strict=False)
    ]
    return plot.draw(f"{what} by {title}", draw_bars(plot, edges, counts, "bar s1", titles))


def _build_legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """Return the key of a chart's lines."""
    return _list_legend([(_draw_swatch(css), text) for css, text in entries])


def _list_legend(entries: Sequence[tuple[Markup, str]]) -> Markup:
    """Return the key of a chart; nothing where there is nothing to tell apart."""
    if not entries:
        return Markup()
    entry = Markup("<li>{}<bdi>{}</bdi></li>")
    items = join(entry.format(swatch, shorten(text, 48)) for swatch, text in entries)
    return Markup('<ul class="legend">{}</ul>').format(items)


def _draw_swatch(css: str) -> Markup:
    """Return a piece of a line as it looks in the chart."""
    return _SWATCH.format(Markup('<line x1="1" x2="25" y1="5" y2="5" class="line {}"/>').format(css))
