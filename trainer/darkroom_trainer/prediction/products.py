"""`darkroom add-product`: one more product for a finished product recognizer, from one image, without training.

Owns what is refused, in words. Must not import torch before the request is known to make sense.
"""

import pathlib
import sys
from collections.abc import Sequence
from typing import Final

from PIL import Image

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_predict import description, listing
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.gaps import is_gap
from darkroom_predict.images import ImageProblem, open_picture
from darkroom_trainer.runtime.errors import RunError

WHOLE: Final = (0.0, 0.0, 1.0, 1.0)

Box = tuple[float, float, float, float]


class Refused(ValueError):
    """A product that cannot be added; the text says why."""


def run_add_product(folder: pathlib.Path, name: str, image: pathlib.Path, box: Box | None) -> int:
    """Add a product to the model in `folder`; returns 0, or 1 after saying what is wrong."""
    try:
        model = read_recognizer(folder)
        check_name(name, model.labels)
        crop = cut_out(image, box)
        from darkroom_trainer.prediction import adding

        changed = adding.add_product(folder, model, name, crop)
    except (RunError, ModelUnusable, ImageProblem, Refused) as error:
        print(f"darkroom add-product: {error}", file=sys.stderr)
        return 1
    count = sum(not is_gap(label) for label in changed.labels)
    print(f"{folder} knows {name!r} now, its product number {count:,}; version {model.version} is {changed.version}")
    return 0


def read_recognizer(folder: pathlib.Path) -> description.ModelDescription:
    """Return the description of the recognizer in `folder`, whose files are checked; raises RunError for others."""
    listing.check_files(folder, [description.DESCRIPTION_NAME, description.WEIGHTS_NAME])
    model = description.read_description(folder)
    if model.task is not Task.PRODUCT_RECOGNIZER:
        message = f"model: {folder} holds a {model.task.value}; products are added to a {Task.PRODUCT_RECOGNIZER.value}"
        raise RunError(Reason.INCORRECT_MODEL_KIND, message)
    return model


def check_name(name: str, labels: Sequence[str]) -> None:
    """Raise Refused for a name that a new product cannot have."""
    if not name.strip() or is_gap(name):
        raise Refused(f"--name {name!r}: " + ("a product needs a name" if not name.strip() else "gaps are no product"))
    if name in labels:
        raise Refused(f"--name {name!r}: the model knows a product of this name already")


def cut_out(path: pathlib.Path, box: Box | None) -> Image.Image:
    """Return what the box of an image shows; raises ImageProblem, or Refused for a box outside."""
    try:
        picture = open_picture(path.read_bytes())
    except ImageProblem as error:
        raise ImageProblem(f"image {path}: it {error}") from error
    except OSError as error:
        raise ImageProblem(f"image {path}: {error.strerror or error}") from error
    left, top, wide, high = scale_box(box or WHOLE, picture.size)
    return picture.crop((left, top, left + wide, top + high))


def scale_box(box: Box, size_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return a box, relative or in pixels, in pixels of an image of `size_px`; raises Refused where it is not inside.

    As in annotation files, a box with no number above 1 is relative.
    """
    is_relative = max(box) <= 1
    scales = (*size_px, *size_px) if is_relative else (1, 1, 1, 1)
    values = [round(value * scale) for value, scale in zip(box, scales, strict=True)]
    left, top, wide, high = values
    is_inside = min(left, top) >= 0 and left + wide <= size_px[0] and top + high <= size_px[1]
    if not is_inside or min(wide, high) < 1:
        raise Refused(f"--box {','.join(f'{value:g}' for value in box)}: not inside the image of {size_px} px")
    return left, top, wide, high
