"""The one way from an image's bytes to a model's square input, for training, evaluation and prediction alike.

Must not know datasets, and must not import torch.
"""

import pathlib

import numpy as np
from PIL import Image

from darkroom_predict.images import ImageSize, Pixels, use_measured


def decode_file(path: pathlib.Path, size_px: int) -> Pixels:
    """Return one image, EXIF-rotated, RGB and resized as a whole, as uint8 (size_px, size_px, 3).

    Raises ImageProblem or OSError.
    """
    return decode_bytes(path.read_bytes(), size_px)


def decode_bytes(data: bytes, size_px: int) -> Pixels:
    """Return an image as `decode_file` does; raises ImageProblem."""
    return decode_measured(data, size_px)[1]


def decode_measured(data: bytes, size_px: int) -> tuple[ImageSize, Pixels]:
    """Return an image's real size, and the image as `decode_file` does; raises ImageProblem."""
    return use_measured(data, lambda picture: resize_picture(picture, size_px), draft_px=size_px * 2)


def resize_picture(picture: Image.Image, size_px: int) -> Pixels:
    """Return `picture` resized as a whole to uint8 (size_px, size_px, 3); bilinear with antialiasing."""
    if picture.size != (size_px, size_px):
        picture = picture.resize((size_px, size_px), Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.uint8)
