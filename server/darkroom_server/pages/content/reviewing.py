"""What a person says of the labels that a model proposed: what they are shown, and what becomes of what they send.

Owns the form that the script of the screen and the server exchange. Pure.
"""

import dataclasses
from collections import Counter
from typing import Any, Final

from darkroom_labels.coco_labels import Label, LabelFile, LabelledImage, Review
from darkroom_server.http.problems import Problem, bad_request
from darkroom_server.pages.content.label_document import NotOurs, read_box

MAX_LABELS: Final = 1000
"""Of an image."""


def describe_review(file: LabelFile, version: str) -> dict[str, Any]:
    """Return what the screen shows: the images that have a small picture, by their numbers in the file."""
    shown = [(number, image) for number, image in enumerate(file.images) if image.preview is not None]
    return {
        "version": version,
        "tags": list(file.tags),
        "hasBoxes": has_boxes(file),
        "unseen": len(file.images) - len(shown),
        "images": [_describe(number, image) for number, image in shown],
    }


def has_boxes(file: LabelFile) -> bool:
    """Return whether the labels are about parts of images; where there are none at all they may be."""
    labels = [label for image in file.images for label in image.labels]
    return any(label.box is not None for label in labels) or not labels


def _describe(number: int, image: LabelledImage) -> dict[str, Any]:
    name = (image.file_name or image.absolute_url or image.coco_url or "").partition("?")[0]
    return {
        "number": number,
        "name": name.encode(errors="replace").decode(),  # that of a file may hold half of a character
        "preview": image.preview,
        "review": (image.review or Review.PENDING).value,
        "uncertainty": image.uncertainty,
        "byHand": image.label_by_hand,
        "labels": [{"tag": label.tag, "box": label.box, "score": label.score} for label in image.labels],
    }


def count_reviews(file: LabelFile) -> dict[str, int]:
    """Return how many images are pending, accepted and rejected."""
    counts = Counter((image.review or Review.PENDING).value for image in file.images)
    return {review.value: counts[review.value] for review in Review}


def change(file: LabelFile, changes: Any) -> LabelFile:
    """Return the labels after what a person sent: a list of images with their review and labels; raises a Problem."""
    if not isinstance(changes, list):
        raise bad_request("images: give a list", target="images")
    images, tags = list(file.images), frozenset(file.tags)
    for entry in changes:
        number = entry.get("number") if isinstance(entry, dict) else None
        if type(number) is not int or not 0 <= number < len(images):
            raise bad_request(f"images: there is no image {str(number)[:20]}; read them again", target="images")
        images[number] = _change(images[number], entry, tags)
    return LabelFile(file.tags, tuple(images))


def _change(image: LabelledImage, entry: dict[str, Any], tags: frozenset[str]) -> LabelledImage:
    place = f"image {entry['number']}"
    labels, review = entry.get("labels"), entry.get("review")
    if review not in list(Review) or not isinstance(labels, list) or len(labels) > MAX_LABELS:
        known = ", ".join(Review)
        raise bad_request(f"{place}: give a review ({known}) and at most {MAX_LABELS:,} labels", target="images")
    proposed = {(label.tag, label.box): label for label in image.labels}
    made = [_read_label(label, tags, place) for label in labels]
    # A label that the person has not touched keeps the score of the model.
    kept = tuple(proposed.get((label.tag, label.box), label) for label in made)
    return dataclasses.replace(image, review=Review(review), labels=kept)


def _read_label(entry: Any, tags: frozenset[str], place: str) -> Label:
    tag = entry.get("tag") if isinstance(entry, dict) else None
    if not isinstance(tag, str) or tag not in tags:
        raise bad_request(f"{place}: {str(tag)[:80]!r} is none of the tags; choose one of the list", target="images")
    box = entry.get("box")
    try:
        return Label(tag, None if box is None else read_box(box))
    except NotOurs as problem:
        raise bad_request(f"{place}: {problem}", target="images") from problem


def keep_accepted(file: LabelFile) -> LabelFile:
    """Return the accepted images only, also those without a label: somebody has seen that there is nothing."""
    return LabelFile(file.tags, tuple(image for image in file.images if image.review is Review.ACCEPTED))


def build_stale(name: str) -> Problem:
    """Return the Problem of one who saves over what another has saved meanwhile."""
    message = (
        f"somebody else has saved labels of {name} since you opened it; nothing of yours is lost: "
        "their labels are read again, yours stay on top, and you can save once more"
    )
    return Problem(409, "Changed", message)
