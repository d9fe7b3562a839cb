"""Image files to predict on."""

import pathlib

import numpy as np
from PIL import Image


def write_images(folder: pathlib.Path) -> list[pathlib.Path]:
    """Write pictures of every kind that needs care on its way to RGB, and return their paths."""
    draws = np.random.default_rng(3).integers(0, 256, (70, 200, 4), dtype=np.uint8)
    colors = Image.fromarray(draws[..., :3])
    exif = Image.Exif()
    exif[0x0112] = 6
    colors.save(folder / "turned.jpg", exif=exif)
    colors.convert("CMYK").save(folder / "print.jpg")
    Image.fromarray(draws).save(folder / "alpha.png")
    Image.fromarray(draws[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    colors.save(folder / "moving.gif", save_all=True, append_images=[colors.rotate(180)])
    return [folder / name for name in ("turned.jpg", "print.jpg", "alpha.png", "deep.png", "moving.gif")]
