"""`report.html` of a Model or an Evaluation.

Owns the order of the trials. Pure: report.json's content in, the file's text out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from darkroom_report.templating import build_environment, render


def render_html(report: Mapping[str, Any]) -> str:
    """Return the page of what `build_report` returned."""
    return render(build_environment(), "training.html", report=report, ranked_trials=rank_trials(report["trials"]))


def rank_trials(trials: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the winner, then the others by their score; those without one come last."""
    return sorted(
        trials, key=lambda trial: (trial["end"] != "won", -(trial["score"] if trial["score"] is not None else -1))
    )
