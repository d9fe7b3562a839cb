"""What to do next for a better model: plain sentences from plain rules.

Owns the rules, their thresholds and their order. Pure: a situation in, steps out. Must not read a report's form.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from darkroom_api.durations import format_duration
from darkroom_api.v1alpha1.common import StopReason
from darkroom_report.numbers import count, show_share
from darkroom_trainer.budget.refusal import round_up
from darkroom_trainer.data.records.findings import Issue

MAX_STEPS: Final = 8
FEW_IMAGES: Final = 20
"""Below this many images a tag gains more from each further one than from anything else."""
WEAK_RECALL: Final = 0.8
WEAK_BELOW_MEAN: Final = 0.1
LEAST_TRUTHS: Final = 5
"""Of fewer images of a tag, a recall says nothing about the tag."""
WIDE_INTERVAL: Final = 0.1
BAD_CALIBRATION: Final = 0.1
LOPSIDED: Final = 0.2
SHRUNK_BOX_PX: Final = 8
"""A box whose shorter side is smaller than this in the model's input is a few cells of its grid."""
IMBALANCE: Final = 20
SMALL_SHARE: Final = 0.5
"""Of the budget: a training that stopped by itself below this would have done with less."""
SHOWN_NAMES: Final = 3


@dataclass(frozen=True)
class TagState:
    """One tag: training images (None where unknown), images or boxes measured, and how many of them were found."""

    name: str
    trained: int | None
    truths: int
    recall: float | None


@dataclass(frozen=True)
class Situation:
    """What the rules look at; seconds are charged seconds, shares lie in [0, 1], None is unknown."""

    is_measured: bool = True
    has_boxes: bool = False
    stop_reason: StopReason | None = None
    budget_seconds: float | None = None
    charged_seconds: float | None = None
    images_measured: int = 0
    score: float | None = None
    interval: tuple[float, float] | None = None
    calibration_error: float | None = None
    precision: float | None = None
    recall: float | None = None
    tags: Sequence[TagState] = ()
    confused: tuple[str, str, int] | None = None
    """The commonest mistake: true tag, answered tag, how often."""
    label_errors: int = 0
    issues: Mapping[str, int] = field(default_factory=dict)
    image_size_px: int | None = None
    smallest_box_px: float | None = None
    """The shorter side of a small box (5th percentile) in the model's input."""


@dataclass(frozen=True)
class NextStep:
    """One thing to do, with the name of its rule."""

    rule: str
    text: str

    def to_json(self) -> dict[str, str]:
        """Return the entry of a report."""
        return {"rule": self.rule, "text": self.text}


Rule = Callable[[Situation], str | None]


def suggest(situation: Situation) -> list[NextStep]:
    """Return what to do, the most important first."""
    found = [NextStep(name, text) for name, rule in RULES.items() if (text := rule(situation))]
    return found[:MAX_STEPS]


def _measure_at_all(situation: Situation) -> str | None:
    if situation.is_measured:
        return None
    return (
        "Add images, or name an evaluation dataset: there were too few to hold any out, so nobody knows how good this "
        "model is."
    )


def _separate_evaluation(situation: Situation) -> str | None:
    shared = situation.issues.get(Issue.SHARED_WITH_EVALUATION, 0)
    if not shared:
        return None
    many = count(shared, "image")
    return f"Take {many} out of the training or the evaluation data: what is in both makes the score too good."


def _fix_labels(situation: Situation) -> str | None:
    clashes = situation.issues.get(Issue.CLASHING_LABELS, 0)
    parts = [f"{count(situation.label_errors, 'probable label error')}"] if situation.label_errors else []
    parts += [f"{count(clashes, 'pair')} of equal images with different tags"] if clashes else []
    if not parts:
        return None
    return f"Check {' and '.join(parts)}, listed below: a wrong tag costs more than a missing image."


def _add_images(situation: Situation) -> str | None:
    few = sorted(
        (tag for tag in situation.tags if tag.trained is not None and tag.trained < FEW_IMAGES), key=_by_trained
    )
    if not few:
        return None
    named = _list([f"“{tag.name}” has {tag.trained:,}" for tag in few])
    return f"Add images to {count(len(few), 'tag')} with fewer than {FEW_IMAGES}: {named}."


def _by_trained(tag: TagState) -> int:
    return tag.trained or 0


def _help_weak_tags(situation: Situation) -> str | None:
    known = [tag for tag in situation.tags if tag.recall is not None and tag.truths >= LEAST_TRUTHS]
    if len(known) < 2:
        return None
    mean = sum(tag.recall or 0.0 for tag in known) / len(known)
    limit = min(WEAK_RECALL, mean - WEAK_BELOW_MEAN)
    weak = sorted((tag for tag in known if (tag.recall or 0.0) < limit), key=lambda tag: tag.recall or 0.0)
    if not weak:
        return None
    what = "boxes" if situation.has_boxes else "images"
    named = _list([f"“{tag.name}” ({show_share(tag.recall or 0.0)} of {tag.truths:,} {what} found)" for tag in weak])
    return f"Add varied images of the tags that are found least: {named}; over all tags it is {show_share(mean)}."


def _tell_apart(situation: Situation) -> str | None:
    if situation.confused is None or situation.confused[2] < LEAST_TRUTHS:
        return None
    truth, answer, times = situation.confused
    return (
        f"“{truth}” was taken for “{answer}” {times:,} times, more often than any other pair: check that both are "
        "tagged by the same rule, and add images that show the difference."
    )


def _choose_budget(situation: Situation) -> str | None:
    reason, budget, charged = situation.stop_reason, situation.budget_seconds, situation.charged_seconds
    if reason is None or not budget:
        return None
    if reason is StopReason.BUDGET_REACHED:
        more = format_duration(round_up(2 * budget))
        return f"Train again with a budget of {more}: the score could still have risen when this one was spent."
    if charged is not None and charged < SMALL_SHARE * budget:
        less = format_duration(round_up(1.2 * charged))
        used = f"{format_duration(charged)} of {format_duration(budget)} were used"
        return f"A larger budget would not help: {used}, and {less} would do for the same model."
    return "A larger budget would hardly help; better or more images would."


def _measure_better(situation: Situation) -> str | None:
    if situation.stop_reason is StopReason.CEILING:
        return (
            f"Measure on more or harder images: on these {situation.images_measured:,} the score is so close to "
            "perfect that they cannot show an improvement."
        )
    if situation.interval is None or situation.interval[1] - situation.interval[0] <= WIDE_INTERVAL:
        return None
    low, high = situation.interval
    return (
        f"Measure on about {4 * situation.images_measured:,} images: with {situation.images_measured:,} the score is "
        f"only known to lie between {low:.2f} and {high:.2f}; four times as many halve that."
    )


def _enlarge(situation: Situation) -> str | None:
    side, input_px = situation.smallest_box_px, situation.image_size_px
    if situation.has_boxes and side is not None and input_px is not None and side < SHRUNK_BOX_PX:
        return (
            f"Cut large images into parts: at the model's {input_px} pixels the smallest objects are {side:.0f} pixels "
            "across, too few to tell what they are."
        )
    tiny = situation.issues.get(Issue.TINY_BOX, 0)
    return f"Cut {count(tiny, 'image')} with tiny boxes into parts, or leave those boxes out." if tiny else None


def _balance(situation: Situation) -> str | None:
    counts = {tag.name: tag.trained for tag in situation.tags if tag.trained}
    if len(counts) < 2:
        return None
    most, least = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    if counts[most] < IMBALANCE * counts[least] or counts[least] < FEW_IMAGES:
        return None
    return f"Add images of the rare tags: “{most}” has {counts[most]:,}, “{least}” only {counts[least]:,}."


def _choose_threshold(situation: Situation) -> str | None:
    precision, recall = situation.precision, situation.recall
    if not situation.has_boxes or precision is None or recall is None or abs(precision - recall) <= LOPSIDED:
        return None
    is_strict = precision > recall
    worse = "missing one is worse than a false one" if is_strict else "a false one is worse than missing one"
    return (
        f"{'Lower' if is_strict else 'Raise'} the confidence from which boxes are shown if {worse}: precision is "
        f"{show_share(precision)}, recall {show_share(recall)}."
    )


def _distrust_confidence(situation: Situation) -> str | None:
    error = situation.calibration_error
    if error is None or error <= BAD_CALIBRATION:
        return None
    return f"Do not read confidences as probabilities: they are off by {show_share(error)} on average."


def _remove_duplicates(situation: Situation) -> str | None:
    repeats = situation.issues.get(Issue.EXACT_DUPLICATE, 0) + situation.issues.get(Issue.NEAR_DUPLICATE, 0)
    return f"Remove {count(repeats, 'image')} that others in the data repeat: they add nothing." if repeats else None


RULES: Final[dict[str, Rule]] = {
    "noScore": _measure_at_all,
    "sharedImages": _separate_evaluation,
    "labels": _fix_labels,
    "fewImages": _add_images,
    "weakTags": _help_weak_tags,
    "confusedTags": _tell_apart,
    "budget": _choose_budget,
    "measuring": _measure_better,
    "resolution": _enlarge,
    "balance": _balance,
    "threshold": _choose_threshold,
    "confidence": _distrust_confidence,
    "duplicates": _remove_duplicates,
}
"""In the order of what usually helps most."""


def _list(parts: Sequence[str]) -> str:
    """Return the first parts as a sentence would, and how many more there are."""
    shown = ", ".join(parts[:SHOWN_NAMES])
    return shown if len(parts) <= SHOWN_NAMES else f"{shown} and {len(parts) - SHOWN_NAMES:,} more"
