"""The rules behind what a report tells to do next, as a table."""

from dataclasses import replace
from typing import Any

import pytest

from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.data.records.findings import Issue
from darkroom_trainer.report.next_steps import MAX_STEPS, RULES, Situation, TagState, suggest


def some_tags(recalls: list[float], trained: int = 100, truths: int = 30) -> list[TagState]:
    """Return tags a, b, c... with these recalls."""
    return [TagState(chr(97 + at), trained, truths, recall) for at, recall in enumerate(recalls)]


CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing was measured": ({"is_measured": False}, "noScore", "Add images, or name an evaluation dataset"),
    "images in both datasets": ({"issues": {Issue.SHARED_WITH_EVALUATION: 3}}, "sharedImages", "Take 3 images out"),
    "one image in both": ({"issues": {Issue.SHARED_WITH_EVALUATION: 1}}, "sharedImages", "Take 1 image out"),
    "probable label errors": ({"label_errors": 7}, "labels", "7 probable label errors"),
    "clashing tags": ({"issues": {Issue.CLASHING_LABELS: 2}}, "labels", "2 pairs of equal images"),
    "a tag with few images": (
        {"tags": [TagState("tea", 3, 0, None), TagState("oil", 90, 9, 1.0)]},
        "fewImages",
        "Add images to 1 tag with fewer than 20: “tea” has 3.",
    ),
    "many tags with few images, fewest first": (
        {"tags": [TagState(f"t{at}", 19 - at, 0, None) for at in range(6)]},
        "fewImages",
        "6 tags with fewer than 20: “t5” has 14, “t4” has 15, “t3” has 16 and 3 more.",
    ),
    "a weak tag": (
        {"tags": some_tags([0.95, 0.4, 0.9])},
        "weakTags",
        "“b” (40 % of 30 images found); over all tags it is 75 %.",
    ),
    "a weak tag of boxes": (
        {"tags": some_tags([0.95, 0.4, 0.9]), "has_boxes": True},
        "weakTags",
        "“b” (40 % of 30 boxes found)",
    ),
    "two tags confused": ({"confused": ("tea", "oil", 14)}, "confusedTags", "“tea” was taken for “oil” 14 times"),
    "the budget was spent": (
        {"stop_reason": StopReason.BUDGET_REACHED, "budget_seconds": 600, "charged_seconds": 590},
        "budget",
        "Train again with a budget of 20m",
    ),
    "less would have done": (
        {"stop_reason": StopReason.CONVERGED, "budget_seconds": 600, "charged_seconds": 100},
        "budget",
        "1m40s of 10m were used, and 2m would do",
    ),
    "converged late": (
        {"stop_reason": StopReason.NO_PROGRESS, "budget_seconds": 600, "charged_seconds": 500},
        "budget",
        "A larger budget would hardly help",
    ),
    "close to perfect": (
        {"stop_reason": StopReason.CEILING, "images_measured": 50},
        "measuring",
        "on these 50 the score is so close to perfect",
    ),
    "an interval that is wide": (
        {"interval": (0.7, 0.9), "images_measured": 40},
        "measuring",
        "Measure on about 160 images",
    ),
    "boxes too small for the model": (
        {"has_boxes": True, "smallest_box_px": 4.2, "image_size_px": 128},
        "resolution",
        "at the model's 128 pixels the smallest objects are 4 pixels across",
    ),
    "tiny boxes": ({"issues": {Issue.TINY_BOX: 12}}, "resolution", "Cut 12 images with tiny boxes"),
    "out of balance": (
        {"tags": [TagState("tea", 2000, 9, 0.9), TagState("oil", 25, 9, 0.9)]},
        "balance",
        "“tea” has 2,000, “oil” only 25",
    ),
    "boxes shown too rarely": (
        {"has_boxes": True, "precision": 0.9, "recall": 0.5},
        "threshold",
        "Lower the confidence from which boxes are shown",
    ),
    "boxes shown too often": (
        {"has_boxes": True, "precision": 0.4, "recall": 0.9},
        "threshold",
        "Raise the confidence from which boxes are shown",
    ),
    "confidences far off": ({"calibration_error": 0.21}, "confidence", "off by 21 % on average"),
    "repeated images": (
        {"issues": {Issue.EXACT_DUPLICATE: 2, Issue.NEAR_DUPLICATE: 1}},
        "duplicates",
        "Remove 3 images",
    ),
}


@pytest.mark.parametrize(("changes", "rule", "words"), CASES.values(), ids=CASES)
def test_a_situation_leads_to_one_step(changes: dict[str, Any], rule: str, words: str) -> None:
    steps = suggest(replace(Situation(), **changes))
    assert [step.rule for step in steps] == [rule]
    assert words in steps[0].text.replace("\u00a0", " ")


def test_every_rule_has_a_case() -> None:
    assert {rule for _, rule, _ in CASES.values()} == set(RULES)


QUIET: dict[str, dict[str, Any]] = {
    "nothing is known": {},
    "all is well": {
        "tags": some_tags([0.97, 0.95, 0.99]),
        "interval": (0.95, 0.99),
        "images_measured": 400,
        "calibration_error": 0.02,
        "confused": ("tea", "oil", 2),
    },
    "a weak tag with too few images to tell": {"tags": [*some_tags([0.9, 0.9]), TagState("z", 100, 3, 0.0)]},
    "a tag that nothing is known of": {"tags": [TagState("z", None, 0, None)]},
    "precision and recall of a classifier": {"precision": 0.9, "recall": 0.2},
    "an early end whose budget is unknown": {"stop_reason": StopReason.CONVERGED},
}


@pytest.mark.parametrize("changes", QUIET.values(), ids=QUIET)
def test_a_situation_that_needs_nothing_is_told_nothing(changes: dict[str, Any]) -> None:
    assert suggest(replace(Situation(), **changes)) == []


def test_where_much_is_wrong_the_gravest_is_told_first_and_not_everything() -> None:
    everything: dict[str, Any] = {}
    for changes, _, _ in CASES.values():
        everything |= changes
    everything["issues"] = dict.fromkeys(Issue, 3)
    steps = suggest(Situation(**everything))
    assert len(steps) == MAX_STEPS
    assert [step.rule for step in steps] == [rule for rule in RULES if rule in {step.rule for step in steps}]
