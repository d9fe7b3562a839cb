"""The README's picture: small, and with the text on it still sharp."""

import pathlib

import numpy as np
import pytest
from PIL import Image

from hack.tools.readme_picture import write_picture


def test_a_picture_keeps_its_size_and_its_sharp_colours(tmp_path: pathlib.Path) -> None:
    stripes = np.zeros((64, 96, 3), dtype=np.uint8)
    stripes[:, ::2] = (213, 94, 0)
    Image.fromarray(stripes).save(tmp_path / "in.png")
    write_picture(tmp_path / "in.png", tmp_path / "out.jpg")
    written = np.asarray(Image.open(tmp_path / "out.jpg")).astype(int)
    assert written.shape == stripes.shape
    assert np.abs(written - stripes).mean() < 12


def test_a_picture_too_large_for_a_readme_is_refused(tmp_path: pathlib.Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, size=(800, 800, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "in.png")
    with pytest.raises(SystemExit, match="at most 300,000"):
        write_picture(tmp_path / "in.png", tmp_path / "out.jpg")
