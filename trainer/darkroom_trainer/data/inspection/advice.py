"""What a user should know of images and boxes that can be used: advice, never a reason to stop.

Owns the thresholds. Pure: a catalog and the looks of its images in, findings out. Must not do: I/O.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from darkroom_trainer.data.inspection import duplicates
from darkroom_trainer.data.inspection.fetching import CheckedImage
from darkroom_trainer.data.records.catalog import Catalog, CatalogImage
from darkroom_trainer.data.records.dataset import Example, LoadedDataset
from darkroom_trainer.data.records.findings import Advice, Findings, Issue
from darkroom_trainer.data.records.looks import Look

DARK: Final = 0.32
LIGHT: Final = 0.05
BLURRY: Final = 0.29
LOW_DETAIL: Final = 0.30
ODD_ASPECT: Final = 0.35
ODD_SIZE_RANGES: Final = 3.0
"""Scores below these are reported, and sizes that many quartile ranges off; cleanvision's defaults. Measured for blur,
on two sharp photographs 640 pixels wide: a blur of 4 pixels' deviation scores 0.34 to 0.41, one of 8 pixels 0.06."""
BLANK_STD: Final = 8.0
"""Grey levels. A blank image has low detail and hardly any contrast: handwritten digits have low detail, too."""
TINY_AREA: Final = 40 * 20 / (1920 * 1080)
"""Share of the image: the smallest box that the replaced service's quality advice gave, 40 x 20 pixels at 1080p."""
MIN_IMAGES_FOR_SIZES: Final = 10
COMMON_SHARE: Final = 0.5
"""Where more than this share of the images is alike, it is how the data is, and reported once."""

THRESHOLDS: Final = {
    "dark": DARK, "light": LIGHT, "blurry": BLURRY, "lowDetail": LOW_DETAIL, "oddAspect": ODD_ASPECT,
    "oddSizeQuartileRanges": ODD_SIZE_RANGES, "blankDeviation": BLANK_STD, "tinyBoxArea": round(TINY_AREA, 6),
    "nearDuplicateBits": duplicates.MAX_BITS, "nearDuplicateLevels": duplicates.MAX_LEVELS,
}  # fmt: skip

_SAYS: Final = {
    Issue.DARK: "is very dark; take it again with more light, or remove it",
    Issue.LIGHT: "is nearly white all over; take it again with less light, or remove it",
    Issue.BLANK: "is blank: hardly anything can be seen; remove it or upload the right file",
    Issue.BLURRY: "is blurry: it has hardly any sharp edge; take it again, or check that it shows what its tag says",
    Issue.ODD_ASPECT: "is very long and narrow; it is squeezed for training, so crop it to what matters",
    Issue.ODD_SIZE: "has a size far from that of the other images; check that it belongs here",
}

Seen = tuple[CatalogImage, CheckedImage]


def advise(catalog: Catalog, checked: Sequence[CheckedImage | None], findings: Findings) -> None:
    """Note what is worth knowing of the images that could be read."""
    seen = [(image, check) for image, check in zip(catalog.images, checked, strict=False) if check is not None]
    for issue, scores in _score(seen).items():
        _note(issue, seen, scores, findings)
    _note_duplicates(catalog, seen, findings)
    _note_tiny_boxes(catalog, findings)
    _note_unreviewed(catalog, findings)


def _score(seen: Sequence[Seen]) -> dict[Issue, dict[int, float]]:
    """Return the rows that have each issue, with their score."""
    found: dict[Issue, dict[int, float]] = {issue: {} for issue in _SAYS}
    for row, (image, check) in enumerate(seen):
        has_boxes = bool(len(image.boxes)) or image.crowd is not None
        issue = judge_look(check.look, is_marked=has_boxes)
        if issue is not None:
            found[issue[0]][row] = issue[1]
        width, height = check.size.width, check.size.height
        aspect = min(width, height) / max(width, height)
        if aspect < ODD_ASPECT:
            found[Issue.ODD_ASPECT][row] = aspect
    found[Issue.ODD_SIZE] = _score_sizes(seen)
    return found


def judge_look(look: Look, *, is_marked: bool) -> tuple[Issue, float] | None:
    """Return what is wrong with the look of an image, the gravest first, and its score.

    `is_marked`: somebody saw things in it and drew boxes around them, so it cannot be blank.
    """
    if look.detail < LOW_DETAIL and look.std < BLANK_STD and not is_marked:
        return Issue.BLANK, look.detail
    for issue, score, least in (
        (Issue.DARK, look.dark, DARK),
        (Issue.LIGHT, look.light, LIGHT),
        (Issue.BLURRY, look.blurry, BLURRY),
    ):
        if score < least:
            return issue, score
    return None


def _score_sizes(seen: Sequence[Seen]) -> dict[int, float]:
    if len(seen) < MIN_IMAGES_FOR_SIZES:
        return {}
    sides = np.array([(check.size.width * check.size.height) ** 0.5 for _, check in seen])
    low, middle, high = np.percentile(sides, (25, 50, 75))
    reach = ODD_SIZE_RANGES * max(high - low, 0.1 * middle)
    away = np.maximum(low - sides, sides - high)
    return {int(row): float(reach / (2 * away[row])) for row in np.flatnonzero(away > reach)}


def _note(issue: Issue, seen: Sequence[Seen], scores: dict[int, float], findings: Findings) -> None:
    if len(seen) >= MIN_IMAGES_FOR_SIZES and len(scores) > COMMON_SHARE * len(seen):
        ids = [seen[row][0].image_id for row in list(scores)[:100]]
        message = f"{len(scores):,} of {len(seen):,}, the worst of which {_SAYS[issue]}"
        findings.advise(issue, "images of the dataset", message, ids, min(scores.values()))
        return
    for row, score in scores.items():
        image = seen[row][0]
        findings.advise(issue, image.subject, _SAYS[issue], (image.image_id,), score)


def _note_duplicates(catalog: Catalog, seen: Sequence[Seen], findings: Findings) -> None:
    for pair in duplicates.find_pairs([check.look for _, check in seen]):
        image, first = seen[pair.row][0], seen[pair.first][0]
        ids = (first.image_id, image.image_id)
        how = "is the same picture as" if pair.exact else "looks the same as"
        if sorted(set(image.labels)) != sorted(set(first.labels)):
            tags = [_name_tags(catalog, labels) for labels in (image.labels, first.labels)]
            message = f"{how} {first.subject} but is tagged {tags[0]}, not {tags[1]}; decide which is right"
            findings.advise(Issue.CLASHING_LABELS, image.subject, message, ids)
        elif image.uri != first.uri:  # one address twice is a problem already
            issue = Issue.EXACT_DUPLICATE if pair.exact else Issue.NEAR_DUPLICATE
            findings.advise(issue, image.subject, f"{how} {first.subject}; it adds nothing, remove one", ids)


def _name_tags(catalog: Catalog, labels: Sequence[int]) -> str:
    return _join_tags([catalog.tags[label] for label in dict.fromkeys(labels)])


def _join_tags(tags: Sequence[str]) -> str:
    named = [repr(tag) for tag in tags]
    return " and ".join(named[:3]) + (" and others" if named[3:] else "") if named else "nothing"


def _note_tiny_boxes(catalog: Catalog, findings: Findings) -> None:
    for image in catalog.images:
        areas = image.boxes[:, 2] * image.boxes[:, 3]
        tiny = int(((areas > 0) & (areas < TINY_AREA)).sum())
        if tiny:
            message = f"has {tiny:,} of {len(areas):,} boxes below 40 x 20 pixels at 1080p; cut the image into parts"
            score = float(areas[areas > 0].min() / TINY_AREA)
            findings.advise(Issue.TINY_BOX, image.subject, message, (image.image_id,), score)


def _note_unreviewed(catalog: Catalog, findings: Findings) -> None:
    """Tell of images that are left out, as their labels are a model's."""
    if not catalog.unreviewed:
        return
    rejected = sum(image.review == "rejected" for image in catalog.unreviewed)
    count = len(catalog.unreviewed)
    message = (
        f"{count:,} are left out, whose labels a model proposed and nobody accepted: {count - rejected:,} wait for a "
        f"review, {rejected:,} were rejected; accept them, or label them by hand"
    )
    ids = [image.image_id for image in catalog.unreviewed[:100]]
    findings.advise(Issue.UNREVIEWED, "images of the dataset", message, ids)


def compare_datasets(train: LoadedDataset, evaluation: LoadedDataset) -> tuple[Advice, ...]:
    """Return advice for each evaluation image that is in the training data as well, whose score tells nothing new.

    Where its tags there are others, they clash. Half a second for 10,000 images in each.
    """
    findings = Findings()
    for pair in duplicates.find_shared(train.looks, evaluation.looks):
        image, other = evaluation.examples[pair.row], train.examples[pair.first]
        how = "is the same picture as" if pair.exact else "looks the same as"
        message = f"{how} image {other.image_id} ({other.file}) of dataset {train.name}, which is trained on"
        tags = _collect_tags(evaluation, image), _collect_tags(train, other)
        issue = Issue.SHARED_WITH_EVALUATION if tags[0] == tags[1] else Issue.CLASHING_LABELS
        if issue is Issue.CLASHING_LABELS:
            message += f", but is tagged {_join_tags(tags[0])}, not {_join_tags(tags[1])}; decide which is right"
        else:
            message += "; the score is too good by it, so remove it from one of them"
        subject = f"dataset {evaluation.name} image {image.image_id} ({image.file})"
        findings.advise(issue, subject, message, (other.image_id, image.image_id))
    return tuple(findings.advice)


def _collect_tags(dataset: LoadedDataset, example: Example) -> list[str]:
    return sorted({dataset.labels[label] for label in example.labels})


def summarise_sizes(checked: Sequence[CheckedImage | None]) -> dict[str, Any]:
    """Return the spread of the images' sides in pixels and of their aspect, width to height, for a report."""
    sizes = np.array([(check.size.width, check.size.height) for check in checked if check is not None], dtype=float)
    if not len(sizes):
        return {}
    columns = {"width": sizes[:, 0], "height": sizes[:, 1], "aspect": sizes[:, 0] / sizes[:, 1]}
    return {name: _spread(column) for name, column in columns.items()}


def _spread(column: Any) -> dict[str, float]:
    return {
        name: round(float(np.percentile(column, share)), 3)
        for name, share in (("least", 0), ("quarter", 25), ("middle", 50), ("threeQuarters", 75), ("most", 100))
    }
