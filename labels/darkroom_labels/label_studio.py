"""Label Studio's side of a prediction: its labelling configuration, and predictions and tasks in its form.

The configuration is XML that strangers write. Pure. Must not do: I/O.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from darkroom_api.v1alpha1.common import Task
from darkroom_labels.coco_labels import LabelledImage
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.xml_events import XmlProblem, walk

if TYPE_CHECKING:  # merging labels needs no numpy
    from darkroom_predict.predictions import Prediction

IMAGE_KEY: Final = "image"
ID_KEY: Final = "darkroom_image_id"
ADDRESSES_KEY: Final = "darkroom_image"
CATEGORIES_KEY: Final = "darkroom_category_ids"
"""Of `data` of a task: what the image and the categories are called in Darkroom's own files."""
ADDRESS_FIELDS: Final = ("file_name", "absolute_url", "coco_url", "width", "height")
_MAX_XML_CHARACTERS: Final = 1 << 20
_MAX_NAME_CHARACTERS: Final = 500
"""Of what every box of every answer repeats."""
_PERCENT_DIGITS: Final = 5
_SCORE_DIGITS: Final = 4


class ControlKind(StrEnum):
    """The two things that a person says about an image: where something is, and what it shows as a whole."""

    BOXES = "rectanglelabels"
    CHOICES = "choices"


@dataclass(frozen=True)
class LabelControl:
    """What a labelling configuration lets a person say about the image in `data[data_key]`."""

    kind: ControlKind
    tags: tuple[str, ...]
    from_name: str = "label"
    to_name: str = "image"
    data_key: str = IMAGE_KEY
    is_multiple: bool = False
    """Whether an image may have several of the choices."""

    def fits(self, task: Task) -> bool:
        """Return whether a person says with it what a Model of this task says."""
        return (self.kind is ControlKind.BOXES) is task.has_boxes


def build_control(task: Task, tags: Sequence[str]) -> LabelControl:
    """Return the control that Darkroom's own tasks are made for."""
    kind = ControlKind.BOXES if task.has_boxes else ControlKind.CHOICES
    return LabelControl(kind, tuple(tags), is_multiple=task.is_multilabel)


@dataclass
class _Element:
    """One element of the configuration that holds tags, as it is read."""

    name: str
    attributes: dict[str, str]
    tags: list[str] = field(default_factory=list)


_HOLDERS: Final[Mapping[str, ControlKind]] = {
    "rectanglelabels": ControlKind.BOXES,
    "choices": ControlKind.CHOICES,
}
_TAGS: Final = frozenset({"label", "choice"})


def read_labelling(xml: str) -> LabelControl:
    """Return the first control of an image that holds boxes or choices; raises LabelsUnusable."""
    if len(xml) > _MAX_XML_CHARACTERS:
        raise LabelsUnusable(f"label config: it is longer than {_MAX_XML_CHARACTERS:,} characters")
    images, holders = _parse(xml)
    for element in holders:
        from_name, to_name = element.attributes.get("name", ""), element.attributes.get("toname", "")
        if to_name in images:
            if max(len(from_name), len(to_name)) > _MAX_NAME_CHARACTERS:
                raise LabelsUnusable(f"label config: a name is longer than {_MAX_NAME_CHARACTERS} characters")
            return LabelControl(
                kind=_HOLDERS[element.name],
                tags=tuple(dict.fromkeys(element.tags)),
                from_name=from_name,
                to_name=to_name,
                data_key=images[to_name].lstrip("$"),
                is_multiple=element.attributes.get("choice", "") == "multiple",
            )
    raise LabelsUnusable(
        "label config: it has no RectangleLabels and no Choices whose toName is the name of an Image; add one of them"
    )


def _parse(xml: str) -> tuple[dict[str, str], list[_Element]]:
    """Return the `value` of each Image by its name, and the elements that hold tags, in order."""
    images: dict[str, str] = {}
    holders: list[_Element] = []
    open_holders: list[_Element] = []

    def begin(name: str, attributes: dict[str, str], _line: int) -> None:
        name, attributes = name.lower(), {key.lower(): value for key, value in attributes.items()}
        if name == "image" and attributes.get("name"):
            images.setdefault(attributes["name"], attributes.get("value", ""))
        elif name in _HOLDERS:
            holders.append(_Element(name, attributes))
            open_holders.append(holders[-1])
        elif name in _TAGS and open_holders and (tag := attributes.get("alias") or attributes.get("value")):
            open_holders[-1].tags.append(tag)

    def end(name: str) -> None:
        if name.lower() in _HOLDERS:
            open_holders.pop()

    try:
        # Whatever encoding the text declares: it is text already.
        walk(xml.encode("utf-8", "surrogatepass"), begin, end, encoding="utf-8")
    except XmlProblem as problem:
        raise LabelsUnusable(f"label config: {problem}") from problem
    return images, holders


def build_prediction(
    control: LabelControl,
    prediction: "Prediction",
    labels: Sequence[str],
    size_px: tuple[int, int],
    model_version: str,
    threshold: float = 0.0,
) -> dict[str, Any]:
    """Return what a Model says about an image of `size_px` (width, height) as a prediction of a task.

    `labels` are the Model's. Left out are guesses below `threshold`, and tags that the control does not have. Of single
    choices the best is taken. `score` is that of the least sure guess, so that sorting by it shows the doubtful first.
    """
    known = frozenset(control.tags)
    guesses = [
        (labels[label], float(score), prediction.boxes[at] if len(prediction.boxes) else None)
        for at, (label, score) in enumerate(zip(prediction.labels, prediction.scores, strict=True))
        if score >= threshold and labels[label] in known
    ]
    if control.kind is ControlKind.CHOICES:
        result = _build_choices(control, guesses if control.is_multiple else guesses[:1])
    else:
        result = [_build_rectangle(control, guess, size_px) for guess in guesses]
    score = min((item["score"] for item in result), default=0.0)
    return {"result": result, "score": score, "model_version": model_version}


def _build_choices(control: LabelControl, guesses: Sequence[tuple[str, float, Any]]) -> list[dict[str, Any]]:
    """Return one item with all choices: Label Studio takes the last of several as the answer."""
    if not guesses:
        return []
    value = {"choices": [tag for tag, _, _ in guesses]}
    score = round(min(score for _, score, _ in guesses), _SCORE_DIGITS)
    return [_identify({**_name(control), "value": value, "score": score})]


def _build_rectangle(control: LabelControl, guess: tuple[str, float, Any], size_px: tuple[int, int]) -> dict[str, Any]:
    tag, score, box = guess
    sides = (round(100 * float(side), _PERCENT_DIGITS) for side in box)
    value = {**dict(zip(("x", "y", "width", "height"), sides, strict=True)), "rotation": 0, control.kind.value: [tag]}
    return _identify(
        {
            **_name(control),
            "original_width": size_px[0],
            "original_height": size_px[1],
            "image_rotation": 0,
            "value": value,
            "score": round(score, _SCORE_DIGITS),
        }
    )


def _name(control: LabelControl) -> dict[str, str]:
    return {"from_name": control.from_name, "to_name": control.to_name, "type": control.kind.value}


def _identify(item: dict[str, Any]) -> dict[str, Any]:
    """Return the item with an id that is made of it, so that the same prediction is the same text."""
    digest = hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
    return {"id": digest[:10], **item}


def build_task(
    image: LabelledImage,
    image_id: int | str,
    category_ids: Mapping[str, int | str],
    prediction: Mapping[str, Any] | None = None,
    *,
    shown_at: str | None = None,
    data_key: str = IMAGE_KEY,
) -> dict[str, Any]:
    """Return the task of an image, with its own ids in `data`, by which its labels are known when they come back.

    `shown_at`: where Label Studio finds the image, unless at its first address. `prediction`: what `build_prediction`
    returned.
    """
    addresses = {name: getattr(image, name) for name in ADDRESS_FIELDS if getattr(image, name) is not None}
    data = {
        data_key: shown_at or image.addresses[0],
        ID_KEY: image_id,
        ADDRESSES_KEY: addresses,
        CATEGORIES_KEY: dict(category_ids),
    }
    return {"data": data, "predictions": [] if prediction is None else [dict(prediction)]}
