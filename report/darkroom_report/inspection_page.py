"""`inspection.html`: what is in a Dataset, what stops it from being used, and what to look at.

Owns which tags are shown. Pure: what `build_inspection_report` returned in, the file's text out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_report.templating import build_environment, render

MAX_TAG_BARS: Final = 60


def render_inspection(report: Mapping[str, Any]) -> str:
    """Return the page."""
    return render(build_environment(), "inspection.html", report=report, shown_tags=choose_tags(report["tags"]))


def choose_tags(tags: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the tags by their images, the commonest first; of very many, both ends."""
    ranked, half = sorted(tags, key=lambda tag: -tag["images"]), MAX_TAG_BARS // 2
    return ranked if len(ranked) <= MAX_TAG_BARS else [*ranked[:half], *ranked[-half:]]
