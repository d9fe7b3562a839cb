"""Images and learners for the bench of the trainer: written or drawn here, the same for the same seed.

Owns what is measured on, not how.
"""

import io
import json
import pathlib
import time
from typing import Final

import numpy as np
import torch
from PIL import Image

from darkroom_trainer.loop import training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.runtime import device as devices
from darkroom_trainer.tasks.classifier import Classifier

TAGS: Final = tuple(f"kind {number}" for number in range(10))
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)
NOISE_CELLS: Final = 8
IN_MEMORY_ROWS: Final = 512


def draw_picture(number: int, width: int, height: int) -> Image.Image:
    """Return a picture of soft noise, as compressible as a photograph, with a rectangle in its tag's colour."""
    random = np.random.default_rng(number)
    noise = random.integers(0, 256, (NOISE_CELLS, NOISE_CELLS, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.asarray(picture, dtype=np.int16) + random.integers(-12, 13, (height, width, 1), dtype=np.int16)
    left, top = int(random.integers(0, width // 2)), int(random.integers(0, height // 2))
    pixels[top : top + height // 3, left : left + width // 3] = (number % 10 * 25, 128, 255 - number % 10 * 25)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def encode_picture(number: int, width: int, height: int) -> bytes:
    """Return the picture as a JPEG file."""
    buffer = io.BytesIO()
    draw_picture(number, width, height).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def write_folders(folder: pathlib.Path, count: int, width: int, height: int) -> None:
    """Write JPEG files into a folder for each tag, as torchvision's ImageFolder reads them, and their COCO file."""
    images, annotations = [], []
    for tag in range(len(TAGS)):
        (folder / str(tag)).mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        tag = number % len(TAGS)
        name = f"{tag}/{number:06d}.jpg"
        (folder / name).write_bytes(encode_picture(number, width, height))
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        annotations.append({"id": number, "image_id": number, "category_id": tag + 1})
    categories = [{"id": at + 1, "name": name} for at, name in enumerate(TAGS)]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "train.json").write_text(json.dumps(coco))


def build_recipe(backbone: str, size_px: int, batch_size: int) -> Recipe:
    """Return the recipe that is measured: variations as they are by default."""
    return Recipe(backbone, size_px, batch_size, 1e-3)


def as_planes(values: tuple[float, ...], device: devices.Device) -> torch.Tensor:
    """Return one number for each colour (3, 1, 1)."""
    return torch.tensor(values, device=device.torch_device)[:, None, None]


def draw_data(size_px: int, device: devices.Device) -> training_loop.TrainingData:
    """Return random decoded images in memory, with tags."""
    generator = torch.Generator().manual_seed(0)
    shape = (IN_MEMORY_ROWS, size_px, size_px, 3)
    return training_loop.TrainingData(
        images=torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator).to(device.torch_device),
        targets={"label": torch.arange(IN_MEMORY_ROWS) % len(TAGS)},
        rows=np.arange(IN_MEMORY_ROWS),
        mean=as_planes(MEAN, device),
        std=as_planes(DEVIATION, device),
    )


def build_learner(data: training_loop.TrainingData, recipe: Recipe, device: devices.Device) -> training_loop.Learner:
    """Return a learner of the ten tags."""
    task = Classifier(TAGS)
    torch.manual_seed(0)
    return training_loop.Learner(task, task.build_model(recipe.backbone), data, recipe, device, seed=0)


def load_files(
    root: pathlib.Path, size_px: int, work: pathlib.Path, device: devices.Device
) -> tuple[training_loop.TrainingData, dict[str, float]]:
    """Return the data as a run reads it, and the seconds of reading with checking, and of decoding."""
    from darkroom_api.endpoints import OWN_MACHINE
    from darkroom_api.run_config import DatasetSource, StorageAccess
    from darkroom_api.v1alpha1.common import AnnotationKind
    from darkroom_predict.description import Preprocessing
    from darkroom_trainer.data import loading
    from darkroom_trainer.loop import preparation
    from darkroom_trainer.runtime import reporting

    uri, kind = (root / "train.json").as_uri(), AnnotationKind.CLASSIFICATION
    storage = StorageAccess(reach=OWN_MACHINE)
    source = DatasetSource(name="bench", annotation_kind=kind, annotation_files=(uri,), storage=storage)
    reporter = reporting.SilentReporter()
    began = time.monotonic()
    dataset = loading.load_dataset(source, work, reporter)
    read = time.monotonic()
    rows, task = np.arange(len(dataset.examples)), Classifier(TAGS)
    looks = Preprocessing(size_px, MEAN, DEVIATION)
    data = preparation.build_data(dataset, rows, task, looks, device, work, reporter)
    return data, {"read": read - began, "decode": time.monotonic() - read}
