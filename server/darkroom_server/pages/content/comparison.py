"""Two measurements of one Dataset side by side: overall and per tag, and by how much they differ. Pure."""

from dataclasses import dataclass

from darkroom_api.v1alpha1.common import Performance
from darkroom_report import titles


@dataclass(frozen=True)
class Row:
    """A score of both, None where one has none."""

    title: str
    left: float | None
    right: float | None

    @property
    def difference(self) -> float | None:
        """Return by how much the right one is better."""
        return None if self.left is None or self.right is None else self.right - self.left


@dataclass(frozen=True)
class Comparison:
    """All scores of two measurements. `verdict`: what may be said of the two."""

    left: Performance
    right: Performance
    overall: list[Row]
    tags: list[Row]
    verdict: str


def compare(left: Performance, right: Performance) -> Comparison:
    """Return two measurements side by side; the tags that differ most come first."""
    first, second = left.to_json(), right.to_json()
    overall = [
        Row(title, first.get(name), second.get(name))
        for name, title in titles.SCORES.items()
        if name in first or name in second
    ]
    mine, other = _read_tags(left), _read_tags(right)
    tags = [Row(tag, mine.get(tag), other.get(tag)) for tag in {**mine, **other}]
    tags.sort(key=lambda row: (-abs(row.difference or 0.0), row.title))
    return Comparison(left, right, overall, tags, _judge(left, right))


def _read_tags(performance: Performance) -> dict[str, float]:
    """Return the one score that each tag has."""
    scores = {}
    for tag, found in (performance.tag_performance or {}).items():
        known = (found.accuracy, found.average_precision, found.average_precision50)
        score = next((value for value in known if value is not None), None)
        if score is not None:
            scores[tag] = score
    return scores


def _judge(left: Performance, right: Performance) -> str:
    """Say whether chance alone might make such a difference: where the intervals overlap it might."""
    if left.score is None or right.score is None:
        return "One of them has no score."
    if left.score == right.score:
        return "Both score the same."
    better = "right" if right.score > left.score else "left"
    low, high = left.score_interval, right.score_interval
    if low is None or high is None:
        return f"The {better} one scores higher."
    if low.low <= high.high and high.low <= low.high:
        return f"The {better} one scores higher, but the intervals overlap: on so few images that may be chance."
    return f"The {better} one scores higher, and the intervals do not overlap."
