"""A picture of predictions: sample images in a grid, with what the model says and, where known, the truth beside it.

Owns colours, type and layout. Must not choose the samples, and must not import torch.
"""

import math
import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind, Task
from darkroom_predict.predictions import Floats, Prediction, Truth, keep_best_of_stacked

PANEL_PX: Final = 240
GAP_PX: Final = 14
CAPTION_PX: Final = 26
HEADER_PX: Final = 64
COLUMNS: Final = 4
LEAST_WIDTH_PX: Final = 520
COMPRESS_LEVEL: Final = 1
"""Of zlib. A training pays for its picture, and the usual 6 saves little for the time that it takes."""
BACKGROUND: Final = (250, 250, 248)
INK: Final = (32, 33, 36)
FAINT: Final = (120, 122, 126)
RIGHT: Final = (22, 128, 84)
WRONG: Final = (200, 48, 44)
PALETTE: Final = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (160, 120, 0), (86, 100, 200), (150, 60, 50),
    (40, 130, 140), (120, 80, 160), (90, 120, 30),
)  # fmt: skip
"""The first ones after Okabe and Ito, which stay apart for colour-blind readers."""


@dataclass(frozen=True)
class Sample:
    """An image with its prediction and, where known, its truth."""

    path: pathlib.Path
    prediction: Prediction
    truth: Truth | None = None


class Form(Enum):
    """How an image's answer is shown."""

    TAG = "tag"
    TAGS = "tags"
    BOXES = "boxes"


def choose_form(task: Task) -> Form:
    """Return how the answers of a task are shown."""
    forms = {AnnotationKind.CLASSIFICATION: Form.TAG, AnnotationKind.MULTILABEL: Form.TAGS}
    return forms.get(TASK_ANNOTATIONS[task], Form.BOXES)


def draw_samples(
    samples: Iterable[Sample], labels: Sequence[str], title: str, *, threshold: float, form: Form
) -> Image.Image | None:
    """Return the picture of the samples, each drawn as it comes; None where none comes.

    Boxes and tags of many below `threshold` are left out.
    """
    panels = [_draw_sample(sample, labels, threshold, form) for sample in samples]
    return _arrange_panels(panels, title, threshold, form) if panels else None


def save_picture(page: Image.Image, path: pathlib.Path) -> None:
    """Write the picture as PNG."""
    page.save(path, format="PNG", compress_level=COMPRESS_LEVEL)


def _draw_sample(sample: Sample, labels: Sequence[str], threshold: float, form: Form) -> Image.Image:
    if form is Form.BOXES:
        return _draw_detection(sample, labels, threshold)
    return _draw_tags(sample, labels, threshold) if form is Form.TAGS else _draw_classification(sample, labels)


def _arrange_panels(panels: Sequence[Image.Image], title: str, threshold: float, form: Form) -> Image.Image:
    width, height = panels[0].size
    columns = min(2 if width > PANEL_PX else COLUMNS, len(panels))
    page_width = max(columns * (width + GAP_PX) + GAP_PX, LEAST_WIDTH_PX)
    page_height = HEADER_PX + math.ceil(len(panels) / columns) * (height + GAP_PX)
    page = Image.new("RGB", (page_width, page_height), BACKGROUND)
    _draw_header(page, title, form, threshold)
    for at, panel in enumerate(panels):
        left = GAP_PX + at % columns * (width + GAP_PX)
        page.paste(panel, (left, HEADER_PX + at // columns * (height + GAP_PX)))
    return page


def _draw_header(page: Image.Image, title: str, form: Form, threshold: float) -> None:
    draw = ImageDraw.Draw(page)
    draw.text((GAP_PX, 12), title, fill=INK, font=_font(19))
    if form is Form.BOXES:
        note = f"boxes from confidence {threshold:.2f} up; each tag has its colour; left the truth, right the model"
        draw.text((GAP_PX, 38), note, fill=FAINT, font=_font(14))
        return
    draw.text((GAP_PX, 38), "green: right", fill=RIGHT, font=_font(14))
    wrong = "red: wrong, with the truth" if form is Form.TAG else "red: wrong, or missed (-)"
    draw.text((GAP_PX + 92, 38), wrong, fill=WRONG, font=_font(14))


def _draw_classification(sample: Sample, labels: Sequence[str]) -> Image.Image:
    panel = _new_panel(1)
    panel.paste(_load(sample.path), (0, 0))
    guess, confidence = int(sample.prediction.labels[0]), float(sample.prediction.scores[0])
    text, color = f"{labels[guess]}  {confidence:.0%}", INK
    if sample.truth is not None and len(sample.truth.labels):
        answer = int(sample.truth.labels[0])
        color = RIGHT if answer == guess else WRONG
        text += "" if answer == guess else f"  (is {labels[answer]})"
    draw = ImageDraw.Draw(panel)
    draw.rectangle((0, PANEL_PX, 5, PANEL_PX + CAPTION_PX), fill=color)
    draw.text((12, PANEL_PX + 4), _shorten(text, 30), fill=color, font=_font(16))
    return panel


def _draw_tags(sample: Sample, labels: Sequence[str], threshold: float) -> Image.Image:
    """Draw an image over its tags: what was said, then what was missed."""
    panel = _new_panel(1)
    panel.paste(_load(sample.path), (0, 0))
    draw = ImageDraw.Draw(panel)
    x = 4.0
    for text, color in list_tags(sample, labels, threshold):
        room = PANEL_PX - x
        shown = text if draw.textlength(text, font=_font(14)) <= room else _shorten(text, max(1, int(room / 9)))
        draw.text((x, PANEL_PX + 5), shown, fill=color, font=_font(14))
        x += draw.textlength(shown, font=_font(14)) + 8
        if x > PANEL_PX - 20:
            break
    return panel


def list_tags(sample: Sample, labels: Sequence[str], threshold: float) -> list[tuple[str, tuple[int, int, int]]]:
    """Return the caption of an image with any number of tags: each text with its colour."""
    shown = keep_best_of_stacked(sample.prediction, threshold)
    said = [
        (labels[label], int(label), f"{score:.0%}") for label, score in zip(shown.labels, shown.scores, strict=True)
    ]
    if sample.truth is None:
        return [(f"{name} {share}", INK) for name, _, share in said] or [("no tag", FAINT)]
    true = set(sample.truth.labels.tolist())
    texts = [(name, RIGHT if label in true else WRONG) for name, label, _ in said]
    texts += [(f"-{labels[label]}", WRONG) for label in sorted(true - set(shown.labels.tolist()))]
    return texts or [("no tag", RIGHT)]


def _draw_detection(sample: Sample, labels: Sequence[str], threshold: float) -> Image.Image:
    picture = _load(sample.path)
    shown = keep_best_of_stacked(sample.prediction, threshold)
    chips = [f"{labels[label]} {score:.0%}" for label, score in zip(
        shown.labels, shown.scores, strict=True)]  # fmt: skip
    guessed = _draw_boxes(picture, shown.boxes, shown.labels.tolist(), chips)
    if sample.truth is None:
        panel = _new_panel(1)
        panel.paste(guessed, (0, 0))
    else:
        names = [labels[label] for label in sample.truth.labels]
        panel = _new_panel(2)
        panel.paste(_draw_boxes(picture, sample.truth.boxes, sample.truth.labels.tolist(), names), (0, 0))
        panel.paste(guessed, (PANEL_PX + 4, 0))
    draw = ImageDraw.Draw(panel)
    caption = f"{len(chips)} found" if sample.truth is None else f"truth: {len(sample.truth.labels)}"
    draw.text((2, PANEL_PX + 4), caption, fill=FAINT, font=_font(14))
    if sample.truth is not None:
        draw.text((PANEL_PX + 6, PANEL_PX + 4), f"model: {len(chips)}", fill=FAINT, font=_font(14))
    return panel


def _draw_boxes(picture: Image.Image, boxes: Floats, labels: list[int], chips: list[str]) -> Image.Image:
    drawn = picture.copy()
    draw = ImageDraw.Draw(drawn)
    font = _font(14)
    for box, label, chip in zip(boxes, labels, chips, strict=True):
        color = PALETTE[label % len(PALETTE)]
        left, top = float(box[0]) * PANEL_PX, float(box[1]) * PANEL_PX
        right = min(left + float(box[2]) * PANEL_PX, PANEL_PX - 1)
        bottom = min(top + float(box[3]) * PANEL_PX, PANEL_PX - 1)
        draw.rectangle((left - 1, top - 1, max(right, left) + 1, max(bottom, top) + 1), outline=(255, 255, 255))
        draw.rectangle((left, top, max(right, left), max(bottom, top)), outline=color, width=2)
        _draw_chip(draw, chip, left, top, color, font)
    return drawn


def _draw_chip(
    draw: ImageDraw.ImageDraw,
    text: str,
    left: float,
    top: float,
    color: tuple[int, int, int],
    font: ImageFont.ImageFont,
) -> None:
    """Write a tag on its colour above a box, or inside where there is no room above."""
    width = draw.textlength(_shorten(text, 22), font=font) + 6
    x = max(0.0, min(left, PANEL_PX - width))
    y = top - 18 if top >= 18 else top
    draw.rectangle((x, y, x + width, y + 17), fill=color)
    draw.text((x + 3, y), _shorten(text, 22), fill=(255, 255, 255), font=font)


def _new_panel(images: int) -> Image.Image:
    width = images * PANEL_PX + (images - 1) * 4
    return Image.new("RGB", (width, PANEL_PX + CAPTION_PX), BACKGROUND)


def _load(path: pathlib.Path) -> Image.Image:
    """Return the image upright, stretched to the panel as the model sees it."""
    from darkroom_predict.images import open_picture

    picture = open_picture(path.read_bytes(), draft_px=2 * PANEL_PX)
    return picture.resize((PANEL_PX, PANEL_PX), Image.Resampling.BICUBIC)


def _font(size_px: int) -> ImageFont.ImageFont:
    return ImageFont.load_default(size_px)  # type: ignore[return-value]


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
