"""How a run on this machine looks: bars on a terminal, plain lines elsewhere, and tables as `kubectl get` prints them.

Owns presentation only. Must not do: decide or store anything.
"""

import pathlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TextIO

from darkroom_api import names
from darkroom_api.conditions import DatasetPhase, RunPhase
from darkroom_api.durations import format_duration
from darkroom_api.v1alpha1.common import Column, Kind, Performance
from darkroom_api.v1alpha1.prediction import PredictionSummary
from darkroom_trainer.local.manifests import KINDS

LINE_EVERY_SECONDS: Final = 5.0

Document = dict[str, Any]


class Display(Protocol):
    """Shows what happens."""

    def say(self, text: str) -> None:
        """Print one line."""

    def show_progress(self, name: str, percent: int, stage: str, eta_seconds: int | None) -> None:
        """Show how far the running resource is."""

    def end_progress(self) -> None:
        """The running resource ended."""


def open_display(stream: TextIO | None = None) -> Display:
    """Return bars where `stream` (standard error when absent) is a terminal, else lines."""
    stream = stream or sys.stderr
    return BarDisplay(stream) if stream.isatty() else LineDisplay(stream)


class LineDisplay:
    """One line per event, and at most one per `LINE_EVERY_SECONDS` for progress."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._last = clock()
        self._shown: tuple[str, int, str] | None = None

    def say(self, text: str) -> None:
        """Print one line."""
        print(text, file=self._stream, flush=True)
        self._last = self._clock()

    def show_progress(self, name: str, percent: int, stage: str, eta_seconds: int | None) -> None:
        """Print a line, unless one was printed just now or nothing changed."""
        if self._clock() - self._last < LINE_EVERY_SECONDS or self._shown == (name, percent, stage):
            return
        self._shown = (name, percent, stage)
        self.say(f"{name}  {percent}%  {stage}{_show_eta(eta_seconds)}")

    def end_progress(self) -> None:
        """Begin anew for the next resource."""
        self._shown = None


class BarDisplay:
    """A bar for the running resource, lines above it."""

    def __init__(self, stream: TextIO) -> None:
        import tqdm  # only a terminal needs it

        self._tqdm = tqdm.tqdm
        self._stream = stream
        self._bar: Any = None

    def say(self, text: str) -> None:
        """Print one line above the bar."""
        self._tqdm.write(text, file=self._stream)

    def show_progress(self, name: str, percent: int, stage: str, eta_seconds: int | None) -> None:
        """Move the bar."""
        if self._bar is None:
            layout = "{desc} {percentage:3.0f}%|{bar:30}| {elapsed} {postfix}"
            self._bar = self._tqdm(total=100, desc=name, file=self._stream, bar_format=layout, leave=False)
        self._bar.n = percent
        self._bar.set_postfix_str(f"{stage}{_show_eta(eta_seconds)}", refresh=False)
        self._bar.refresh()

    def end_progress(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _show_eta(eta_seconds: int | None) -> str:
    return "" if eta_seconds is None else f", {format_duration(eta_seconds)} left"


def render_tables(kinds: Iterable[Kind], items: Sequence[Document], now: datetime) -> str:
    """Return the resources as `kubectl get darkroom` shows them: one table per kind."""
    tables = []
    for kind in kinds:
        own = [item for item in items if item["kind"] == kind.name]
        if own:
            tables.append(_render_table(kind, own, now))
    return "\n\n".join(tables)


def _render_table(kind: Kind, items: Sequence[Document], now: datetime) -> str:
    columns = [column for column in kind.columns if column.priority == 0]
    rows = [["NAME", *(column.name.upper() for column in columns)]]
    for item in items:
        name = f"{kind.name.lower()}.{names.GROUP}/{item['metadata']['name']}"
        rows.append([name, *(_render_cell(column, item, now) for column in columns)])
    widths = [max(len(row[position]) for row in rows) for position in range(len(rows[0]))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _render_cell(column: Column, item: Document, now: datetime) -> str:
    value: Any = item
    for part in column.json_path.removeprefix(".").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ""
    if column.type == "date":
        return format_duration((now - datetime.fromisoformat(value)).total_seconds())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def render_scores(performance: Performance) -> str:
    """Return the scores of a performance in one line."""
    numbers = performance.to_json()
    shown = [f"{key} {value:.4f}" for key, value in numbers.items() if isinstance(value, float) and key != "score"]
    data = {"holdOut": "a held-out part of the training data", "evaluationDataset": "the evaluation dataset"}
    return f"{', '.join(shown)} (on {performance.images:,} images of {data[performance.measured_on]})"


def render_counts(summary: PredictionSummary) -> str:
    """Return what a Prediction answered, and what it passed over, in one line."""
    return (
        f"{summary.objects:,} objects in {summary.images:,} images, {summary.below_threshold:,} of them with none; "
        f"passed over {summary.already_labelled:,} labelled and {summary.unreadable:,} unreadable images"
    )


def render_end(items: Sequence[Document], now: datetime, output: pathlib.Path) -> str:
    """Return the last words of a run: tables, what went wrong, scores, and where everything is."""
    parts = [render_tables(KINDS.values(), items, now)]
    parts += [line for item in items for line in _render_result(item)]
    parts.append(f"statuses: {output / 'resources.yaml'}")
    return "\n\n".join(parts[:1]) + "\n\n" + "\n".join(parts[1:])


def _render_result(item: Document) -> Iterator[str]:
    name, status = f"{item['kind'].lower()}/{item['metadata']['name']}", item["status"]
    if status["phase"] not in (DatasetPhase.READY, RunPhase.SUCCEEDED):
        yield f"{name}: {status['phase']}, {status.get('reason')}: {status.get('message')}"
    if "performance" in status:
        yield f"{name}: {render_scores(Performance.model_validate(status['performance']))}"
    if item["kind"] == "Prediction" and "summary" in status:
        yield f"{name}: {render_counts(PredictionSummary.model_validate(status['summary']))}"
    if "artifacts" in status:
        yield f"{name}: files in {status['artifacts']['uri']}"
