"""The tables of the bench and its verdicts. Pure.

Owns what `within one deviation` means: the best mean is ahead by at most the pooled sample deviation of both methods
over the seeds, or by at most one test image, the finest step that an accuracy can make. Of boxes, mAP@50 is judged, and
mAP@75 shown.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.fewshot.cells import DARKROOM, Row, name_shots

BEST: Final = "best"
WITHIN: Final = "within one deviation"
BEHIND: Final = "behind"
UNMEASURED: Final = "not measured"


@dataclass(frozen=True)
class Score:
    """A method's scores over the seeds; `strict` is the mean mAP@75 where there are boxes."""

    mean: float
    deviation: float
    seeds: int
    images: int
    strict: float | None = None

    def __str__(self) -> str:
        """Return the score without the strict one."""
        return f"{self.mean:.3f} ± {self.deviation:.3f}"


def summarize(rows: Sequence[Row]) -> Score | None:
    """Return mean and sample deviation of some seeds' rows; None without rows."""
    if not rows:
        return None
    scores = [row.score for row in rows]
    deviation = statistics.stdev(scores) if len(scores) > 1 else 0.0
    strict = [row.strict_score for row in rows if row.strict_score is not None]
    mean = statistics.fmean(scores)
    return Score(mean, deviation, len(scores), rows[0].images, statistics.fmean(strict) if strict else None)


def judge(own: Score | None, others: Sequence[Score]) -> str:
    """Return the verdict on Darkroom's score beside the baselines'."""
    if own is None or not others:
        return UNMEASURED
    best = max(others, key=lambda score: score.mean)
    lead = best.mean - own.mean
    if lead <= 0:
        return BEST
    pooled = math.sqrt((own.deviation**2 + best.deviation**2) / 2)
    return WITHIN if lead <= max(pooled, 1 / own.images) else BEHIND


def format_table(name: str, rows: Sequence[Row], shots: Sequence[int], methods: Sequence[str]) -> tuple[str, list[str]]:
    """Return a set's table, the best of each line in bold, and the verdict of each line."""
    lines = [f"| {name}: shots | {' | '.join(methods)} | verdict |", "|---" * (len(methods) + 2) + "|"]
    verdicts = []
    for count in shots:
        scores = {
            method: summarize([row for row in rows if row.cell.shots == count and row.cell.method == method])
            for method in methods
        }
        best = max((score.mean for score in scores.values() if score), default=0.0)
        verdict = judge(scores.get(DARKROOM), [s for method, s in scores.items() if s and method != DARKROOM])
        texts = [_format(score, best) for score in scores.values()]
        lines.append(f"| {name_shots(count)} | {' | '.join(texts)} | {verdict} |")
        verdicts.append(verdict)
    return "\n".join(lines), verdicts


def _format(score: Score | None, best: float) -> str:
    if score is None:
        return "–"
    text = f"**{score}**" if score.mean == best else str(score)
    return text if score.strict is None else f"{text} / {score.strict:.3f}"
