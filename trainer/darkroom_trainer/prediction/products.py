"""`darkroom add-product`: one more product for a finished product recognizer, from one image, without training.

Owns how the folder's files change together: prototypes, tags, the ONNX file, the list of all. Boxes stay as they are,
bit for bit. Must not import torch before the request is known to make sense.
"""

import dataclasses
import hashlib
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.data.images import ImageProblem, Pixels, open_picture
from darkroom_trainer.errors import RunError
from darkroom_trainer.export import card, description, listing
from darkroom_trainer.tasks.gaps import is_gap

if TYPE_CHECKING:
    from darkroom_trainer.tasks.recognizer_network import RecognizerNetwork

LABELS_NAME: Final = "labels.txt"
WHOLE: Final = (0.0, 0.0, 1.0, 1.0)
PARITY_IMAGES: Final = 4

Box = tuple[float, float, float, float]


class Refused(ValueError):
    """A product that cannot be added; the text says why."""


def run_add_product(folder: pathlib.Path, name: str, image: pathlib.Path, box: Box | None) -> int:
    """Add a product to the model in `folder`; returns 0, or 1 after saying what is wrong."""
    try:
        model = read_recognizer(folder)
        check_name(name, model.labels)
        changed = add_product(folder, model, name, cut_out(image, box))
    except (RunError, ImageProblem, Refused) as error:
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


def add_product(
    folder: pathlib.Path, model: description.ModelDescription, name: str, crop: Image.Image
) -> description.ModelDescription:
    """Add the product that `crop` shows and rewrite the folder's files; returns the new description.

    Everything is written beside the folder first, so that a failure leaves the model as it was. Raises RunError.
    """
    import safetensors.torch

    from darkroom_trainer import device
    from darkroom_trainer.prediction.predictor import build_predictor

    network = find_network(build_predictor(folder, model, device.prepare_device()).model.cpu())
    extend(network, model, crop)
    data = safetensors.torch.save({key: value.contiguous() for key, value in network.state_dict().items()})
    version = hashlib.sha256(data).hexdigest()[:12]
    changed = dataclasses.replace(model, labels=(*model.labels, name), version=version)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".add-product-") as work:
        _write_files(folder, pathlib.Path(work), changed, data, network, crop)
    return changed


def find_network(model: object) -> "RecognizerNetwork":
    """Return the recognizer that a model is; raises RunError for another one."""
    from darkroom_trainer.tasks.recognizer_network import RecognizerNetwork

    if not isinstance(model, RecognizerNetwork):
        raise RunError(Reason.INVALID_CONFIGURATION, "model: it has no prototypes that one could be added to")
    return model


def extend(network: "RecognizerNetwork", model: description.ModelDescription, crop: Image.Image) -> None:
    """Give the network one more prototype."""
    import torch

    from darkroom_trainer.tasks.prototypes import embed_picture

    shaping = model.preprocessing
    image = torch.from_numpy(shrink(crop, float(network.product_side), shaping.image_size_px)).permute(2, 0, 1)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (shaping.mean, shaping.deviation))
    prototype = embed_picture(network, (image.float() / 255 - mean) / deviation, torch.tensor([0.0, 0.0, 1.0, 1.0]))
    network.prototypes = torch.cat([network.prototypes, prototype[None]])
    network.is_known = torch.cat([network.is_known, torch.ones(1)])


def shrink(crop: Image.Image, side: float, size_px: int) -> Pixels:
    """Return a crop as a picture (size_px, size_px, 3) no sharper than products are on a shelf."""
    own = max(8, round(side * size_px))
    small = crop.resize((own, own), Image.Resampling.BILINEAR) if min(crop.size) > own else crop
    return np.array(small.resize((size_px, size_px), Image.Resampling.BILINEAR), dtype=np.uint8)


def _write_files(
    folder: pathlib.Path,
    work: pathlib.Path,
    changed: description.ModelDescription,
    data: bytes,
    network: "RecognizerNetwork",
    crop: Image.Image,
) -> None:
    """Write the files that change into `work`, then put them in place, the list last."""
    names = list(listing.check_files(folder, []).files)
    (work / description.WEIGHTS_NAME).write_bytes(data)
    description.write_description(changed, work)
    if LABELS_NAME in names:
        (work / LABELS_NAME).write_text("".join(f"{label}\n" for label in changed.labels), encoding="utf-8")
    if card.CARD_NAME in names:
        text = (folder / card.CARD_NAME).read_text(encoding="utf-8")
        (work / card.CARD_NAME).write_text(f"{text}\nAdded after training: {changed.labels[-1]}.\n", encoding="utf-8")
    if description.ONNX_NAME in names and not _export(network, changed, work, crop):
        names.remove(description.ONNX_NAME)
        (folder / description.ONNX_NAME).unlink()
    new = [path.name for path in work.iterdir()]
    for name in set(names) - set(new):
        shutil.copyfile(folder / name, work / name)
    (work / listing.LIST_NAME).write_text(listing.build_list(work, names))
    for name in [*new, listing.LIST_NAME]:
        (work / name).replace(folder / name)


def _export(
    network: "RecognizerNetwork", changed: description.ModelDescription, work: pathlib.Path, crop: Image.Image
) -> bool:
    """Write the ONNX file; returns False, after saying why, where it cannot be written or says something else."""
    from darkroom_trainer.export import onnx_model, onnx_parity

    pixels = np.stack([shrink(crop, 1.0, changed.preprocessing.image_size_px)] * PARITY_IMAGES)
    try:
        parity = onnx_parity.export_checked(network, changed, work, pixels)
    except onnx_model.ExportFailed as error:
        print(f"darkroom add-product: {description.ONNX_NAME} is left out: {error}", file=sys.stderr)
        return False
    if not parity.agrees:
        print(f"darkroom add-product: {description.ONNX_NAME} differs from the model; left out", file=sys.stderr)
        (work / description.ONNX_NAME).unlink()
    return parity.agrees
