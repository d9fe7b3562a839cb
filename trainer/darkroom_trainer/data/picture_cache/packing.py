"""What is known of images beside their pixels, as bytes: their real sizes, and how they look.

Owns that form. Pure. Must not know files.
"""

from typing import Final

import numpy as np

from darkroom_predict.images import MAX_SIDE_PX
from darkroom_trainer.data.picture_cache.entries import EntryUnusable
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.data.records.looks import SKETCH_BYTES, Look

SCORES: Final = ("dark", "light", "blurry", "detail", "std")
RECORD: Final = np.dtype(
    [
        ("width", "<u4"),
        ("height", "<u4"),
        ("content", "u1", (16,)),
        ("perceptual", "<u8"),
        ("sketch", "u1", (SKETCH_BYTES,)),
        ("scores", "<f8", (len(SCORES),)),
    ]
)
RECORD_BYTES: Final = RECORD.itemsize

SeenImage = tuple[int, int, Look]
"""Width and height in pixels, as shown, and the look."""


def pack_images(dataset: LoadedDataset) -> bytes:
    """Return the records of all images, in their order."""
    records = np.zeros(len(dataset.examples), RECORD)
    for record, example, look in zip(records, dataset.examples, dataset.looks, strict=True):
        record["width"], record["height"] = example.width, example.height
        record["content"] = np.frombuffer(look.content, np.uint8)
        record["perceptual"] = look.perceptual
        record["sketch"] = np.frombuffer(look.sketch, np.uint8)
        record["scores"] = [getattr(look, name) for name in SCORES]
    return records.tobytes()


def unpack_images(data: bytes) -> list[SeenImage]:
    """Return what `pack_images` packed; raises EntryUnusable for what no image can be."""
    if len(data) % RECORD_BYTES:
        raise EntryUnusable("its records are damaged")
    records = np.frombuffer(data, RECORD)
    sides = np.concatenate([records["width"], records["height"]])
    if not (np.isfinite(records["scores"]).all() and ((sides >= 1) & (sides <= MAX_SIDE_PX)).all()):
        raise EntryUnusable("its records are of no images")
    return [_unpack(record) for record in records]


def _unpack(record: np.void) -> SeenImage:
    scores = dict(zip(SCORES, record["scores"].tolist(), strict=True))
    look = Look(
        content=record["content"].tobytes(),
        perceptual=int(record["perceptual"]),
        sketch=record["sketch"].tobytes(),
        **scores,
    )
    return int(record["width"]), int(record["height"]), look
