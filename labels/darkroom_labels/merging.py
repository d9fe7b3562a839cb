"""Labels that people reviewed, put together with those that were there: one file to train with.

Only what a person labelled or reviewed goes in: an image that nobody looked at would teach that nothing is to be seen
on it. Pure: the same files in any order give the same result. Must not do: I/O.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_labels.coco_labels import Label, LabelFile, LabelledImage, Review
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.picture_names import AmbiguousName, PictureBook
from darkroom_labels.readings import ReadImage, Reading, list_some

_SURE: Final = 1.0
"""The score that a tool writes for what a person drew."""


@dataclass(frozen=True)
class Merged:
    """The merged labels, and how they came about.

    `kept` images are as the base has them, `reviewed` ones as a person left them, `empty` of these without a label.
    """

    file: LabelFile
    kept: int
    reviewed: int
    empty: int
    notes: tuple[str, ...]


def merge_labels(base: Reading, reviewed: Sequence[Reading], *, add_tags: bool = False) -> Merged:
    """Return the labels of `base` with those of the reviewed files; raises LabelsUnusable.

    `add_tags`: whether tags that the base does not have are taken, too.
    """
    ordered = sorted(reviewed, key=lambda reading: (reading.name, repr(reading)))
    pictures = _Pictures(base, ordered)
    decided = _decide(pictures, ordered)
    tags = _join_tags(base, decided, add_tags=add_tags)
    order = {tag: at for at, tag in enumerate(tags)}
    images = [
        _build_image(picture, decided.get(number), order)
        for number, picture in pictures.list_ordered()
        if number in decided or _is_labelled(picture)
    ]
    _check_task(base, images, decided)
    unlabelled = [
        picture.addresses[-1]
        for number, picture in enumerate(pictures.images[: pictures.num_base])
        if number not in decided and not _is_labelled(picture)
    ]
    notes = [note for reading in (base, *ordered) for note in reading.notes] + pictures.notes
    if unlabelled:
        notes.append(
            f"{base.name}: {len(unlabelled):,} images without a label that nobody reviewed are left out; where nothing "
            f'is to be seen, write "review": "accepted" in the entry: {list_some(sorted(unlabelled))}'
        )
    return Merged(
        file=LabelFile(tags, tuple(images)),
        kept=len(images) - len(decided),
        reviewed=len(decided),
        empty=sum(not decision.labels for decision in decided.values()),
        notes=tuple(dict.fromkeys(notes)),
    )


def _is_labelled(picture: LabelledImage) -> bool:
    """Return whether a person has said something of a picture: that nothing is to be seen is something, too."""
    return bool(picture.labels) or picture.review is Review.ACCEPTED


@dataclass(frozen=True)
class _Decision:
    """What a person said of a picture, and where; `image` is its entry there."""

    place: str
    image: LabelledImage

    @property
    def labels(self) -> tuple[Label, ...]:
        return self.image.labels


class _Pictures:
    """All pictures that there may be labels of: those of the base first, by number.

    `is_complete`: whether the files list pictures without labels, so that no others can be meant.
    """

    def __init__(self, base: Reading, readings: Sequence[Reading]) -> None:
        self._book = PictureBook()
        self.images: list[LabelledImage] = []
        self.notes: list[str] = []
        for found in base.images:
            self._take_base(found.image)
        self.num_base = len(self.images)
        lists = [reading for reading in readings if reading.lists_pictures]
        for reading in lists:
            for found in reading.images:
                if found.is_own and self.find(found, reading) is None:
                    self.add(found.image)
        self.is_complete = bool(lists) or not all(map(_is_labelled, self.images))

    def _take_base(self, image: LabelledImage) -> None:
        """Take a picture; entries of one file are one picture with the labels of all."""
        if image.review in (Review.PENDING, Review.REJECTED):
            image = dataclasses.replace(image, labels=(), review=None)
        number = self._book.find_exact(image.addresses)
        if number is None:
            self._book.add(image.addresses)
            self.images.append(image)
        else:
            labels = tuple(dict.fromkeys((*self.images[number].labels, *image.labels)))
            self.images[number] = dataclasses.replace(self.images[number], labels=labels)

    def add(self, image: LabelledImage) -> int:
        """Take a picture that only its addresses and its size are known of, and return its number."""
        self.images.append(
            LabelledImage(image.width, image.height, image.file_name, image.absolute_url, image.coco_url)
        )
        return self._book.add(image.addresses)

    def find(self, found: ReadImage, reading: Reading) -> int | None:
        """Return the number of the picture that an entry of a file is of; raises LabelsUnusable."""
        look_up = self._book.find_same if found.is_own else self._book.find
        try:
            return look_up(found.image.addresses)
        except AmbiguousName as problem:
            raise LabelsUnusable(
                f"{reading.name} {found.place}: {problem}; give the pictures different names, or label the tasks that "
                "Darkroom writes, which carry the pictures' own addresses"
            ) from problem

    def list_ordered(self) -> list[tuple[int, LabelledImage]]:
        """Return the pictures by number, in an order that does not depend on that of the files."""
        numbered = list(enumerate(self.images))
        new = sorted(numbered[self.num_base :], key=lambda pair: pair[1].addresses)
        return [*numbered[: self.num_base], *new]


def _decide(pictures: _Pictures, readings: Sequence[Reading]) -> dict[int, _Decision]:
    """Return what a person said of pictures, by their numbers; raises LabelsUnusable."""
    decided: dict[int, _Decision] = {}
    strange: list[str] = []
    for reading in readings:
        for found in _list_reviewed(reading, pictures.notes):
            number = pictures.find(found, reading)
            if number is None and found.is_own and not pictures.is_complete:
                number = pictures.add(found.image)
            if number is None:
                strange.append(f"{reading.name} {found.place}")
                continue
            decision = _Decision(f"{reading.name} {found.place}", found.image)
            other = decided.setdefault(number, decision)
            if _sort_labels(other.labels) != _sort_labels(decision.labels):
                raise LabelsUnusable(
                    f"{decision.place} and {other.place} are one picture with different labels; give one of them"
                )
    if strange:
        raise LabelsUnusable(
            f"{len(strange):,} labelled pictures are none of the base's: {list_some(sorted(strange))}; were they "
            "exported for another dataset? Give the prelabels.json of their Prediction with --reviewed if they are new"
        )
    return decided


def _list_reviewed(reading: Reading, notes: list[str]) -> list[ReadImage]:
    """Return the images of a file that a person reviewed; adds notes of the others."""
    rejected = [found.place for found in reading.images if found.image.review is Review.REJECTED]
    unknown = [found for found in reading.images if found.image.review is None]
    empty = [found.place for found in unknown if not found.image.labels]
    guessed = [found.place for found in unknown if found.image.labels and _are_guesses(found.image.labels)]
    for places, what in (
        (rejected, "rejected images are left out; label them by hand"),
        (empty, 'images without a label are not taken as empty; write "review": "accepted" in those that are'),
        (guessed, 'images with a model\'s own guesses are not taken; write "review": "accepted" in those reviewed'),
    ):
        if places:
            notes.append(f"{reading.name}: {len(places):,} {what}: {list_some(sorted(places))}")
    left_out = {*empty, *guessed}
    accepted = [found for found in reading.images if found.image.review is Review.ACCEPTED]
    return [*accepted, *(found for found in unknown if found.place not in left_out)]


def _are_guesses(labels: Sequence[Label]) -> bool:
    """Return whether all labels carry a score that no person's have."""
    return all(label.score is not None and label.score < _SURE for label in labels)


def _join_tags(base: Reading, decided: dict[int, _Decision], *, add_tags: bool) -> tuple[str, ...]:
    """Return the base's tags, and new ones after them where they may be added; raises LabelsUnusable."""
    used = {label.tag for decision in decided.values() for label in decision.labels}
    new = sorted(used - set(base.tags))
    if new and not add_tags:
        places = {
            tag: next(d.place for d in decided.values() if any(label.tag == tag for label in d.labels)) for tag in new
        }
        shown = list_some([f"{tag!r} ({places[tag]})" for tag in new])
        raise LabelsUnusable(
            f"{len(new):,} tags are none of {base.name}'s: {shown}; it has {list_some(list(map(repr, base.tags)))}. "
            "Rename them where they mean the same, or take them with --add-tags"
        )
    return (*base.tags, *new)


def _sort_labels(labels: Sequence[Label]) -> list[tuple[str, tuple[float, ...]]]:
    return sorted((label.tag, label.box or ()) for label in labels)


def _build_image(picture: LabelledImage, decision: _Decision | None, order: dict[str, int]) -> LabelledImage:
    """Return a picture with what a person said last, labels in an order of their own and without scores."""
    labels = picture.labels if decision is None else decision.labels
    ordered = sorted(labels, key=lambda label: (order[label.tag], label.box or ()))
    return dataclasses.replace(
        picture,
        width=picture.width or (decision.image.width if decision else None),
        height=picture.height or (decision.image.height if decision else None),
        labels=tuple(dataclasses.replace(label, score=None) for label in ordered),
        review=Review.ACCEPTED if decision is not None else picture.review,
    )


def _check_task(base: Reading, images: Sequence[LabelledImage], decided: dict[int, _Decision]) -> None:
    """Refuse boxes among tags of whole images: no Dataset holds both."""
    if not images:
        raise LabelsUnusable(f"{base.name}: neither it nor the reviewed files have a labelled image: nothing to merge")
    has_boxes = {label.box is not None for image in images for label in image.labels}
    if len(has_boxes) > 1:
        reviewed = {label.box is not None for decision in decided.values() for label in decision.labels}
        what = "boxes, and the base has tags" if reviewed == {True} else "tags of whole images, and the base has boxes"
        said = (
            f"the reviewed labels are {what}" if len(reviewed) == 1 else "some labels are boxes, others whole images'"
        )
        raise LabelsUnusable(f"{said}: export the labels of one kind of dataset")
