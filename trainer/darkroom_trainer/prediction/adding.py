"""A finished product recognizer with one more prototype, and the files of its folder that change with it.

Owns how the weights, model.json, the tags, the card, the ONNX file and the list of all change together. Boxes stay as
they are, bit for bit.
"""

import dataclasses
import hashlib
import pathlib
import sys
import tempfile
from typing import Final

import safetensors.torch
from PIL import Image

from darkroom_predict import description, listing
from darkroom_trainer.export import card, onnx_model, onnx_parity
from darkroom_trainer.networks.recognizer_network import RecognizerNetwork
from darkroom_trainer.prediction import extending, torch_predictor
from darkroom_trainer.runtime.device import prepare_device

LABELS_NAME: Final = "labels.txt"
PARITY_IMAGES: Final = 4


def add_product(
    folder: pathlib.Path, model: description.ModelDescription, name: str, crop: Image.Image
) -> description.ModelDescription:
    """Add the product that `crop` shows and rewrite the folder's files; returns the new description.

    Everything is written beside the folder first, so that a failure leaves the model as it was. Raises RunError.
    """
    network = extending.find_network(torch_predictor.build_predictor(folder, model, prepare_device()).model.cpu())
    extending.extend(network, model, crop)
    data = safetensors.torch.save({key: value.contiguous() for key, value in network.state_dict().items()})
    version = hashlib.sha256(data).hexdigest()[:12]
    changed = dataclasses.replace(model, labels=(*model.labels, name), version=version)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".add-product-") as work:
        _write_files(folder, pathlib.Path(work), changed, data, network, crop)
    return changed


def _write_files(
    folder: pathlib.Path,
    work: pathlib.Path,
    changed: description.ModelDescription,
    data: bytes,
    network: RecognizerNetwork,
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
        (work / name).write_bytes((folder / name).read_bytes())
    (work / listing.LIST_NAME).write_text(listing.build_list(work, names))
    for name in [*new, listing.LIST_NAME]:
        (work / name).replace(folder / name)


def _export(
    network: RecognizerNetwork,
    changed: description.ModelDescription,
    work: pathlib.Path,
    crop: Image.Image,
) -> bool:
    """Write the ONNX file; returns False, after saying why, where it cannot be written or says something else."""
    pixels = extending.shrink(crop, 1.0, changed.preprocessing.image_size_px)[None].repeat(PARITY_IMAGES, axis=0)
    try:
        parity = onnx_parity.export_checked(network, changed, work, pixels)
    except onnx_model.ExportFailed as error:
        print(f"darkroom add-product: {description.ONNX_NAME} is left out: {error}", file=sys.stderr)
        return False
    if not parity.agrees:
        print(f"darkroom add-product: {description.ONNX_NAME} differs from the model; left out", file=sys.stderr)
        (work / description.ONNX_NAME).unlink()
    return parity.agrees
