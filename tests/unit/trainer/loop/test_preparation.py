"""Where the pixels of a training live."""

import pathlib

import numpy as np
import torch

from darkroom_predict.description import Preprocessing
from darkroom_trainer.loop import preparation
from tests.support.learning import CPU

PIXELS = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)


def map_file(folder: pathlib.Path) -> np.ndarray:
    np.save(folder / "images.npy", PIXELS)
    mapped: np.ndarray = np.load(folder / "images.npy", mmap_mode="r")
    return mapped


def test_small_sets_are_copied_into_memory_and_large_ones_stay_mapped(tmp_path: pathlib.Path) -> None:
    mapped = map_file(tmp_path)
    copied = preparation.place_images(mapped, CPU)
    assert copied.data_ptr() != mapped.ctypes.data
    stays = preparation.place_images(mapped, CPU, max_copied_bytes=PIXELS.nbytes - 1)
    assert stays.data_ptr() == mapped.ctypes.data
    assert torch.equal(copied, stays)


def test_the_file_of_mapped_pixels_is_known_and_of_others_there_is_none(tmp_path: pathlib.Path) -> None:
    assert preparation.find_file(map_file(tmp_path)) == tmp_path / "images.npy"
    assert preparation.find_file(PIXELS) is None


def test_a_further_process_maps_what_the_first_has_written_once(tmp_path: pathlib.Path) -> None:
    file = preparation.write_images(torch.from_numpy(PIXELS), tmp_path / "shared.npy")
    written = file.stat().st_mtime_ns
    assert preparation.write_images(torch.zeros(1), file) == file
    assert file.stat().st_mtime_ns == written
    assert torch.equal(preparation.map_images(file, CPU), torch.from_numpy(PIXELS))


def test_pixels_to_predict_come_with_the_models_own_normalization() -> None:
    data = preparation.build_unlabelled(PIXELS, Preprocessing(4, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)), CPU)
    assert data.rows.tolist() == [0, 1]
    assert data.targets == {}
    torch.testing.assert_close(data.mean[:, 0, 0], torch.tensor([0.1, 0.2, 0.3]))
    torch.testing.assert_close(data.std[:, 0, 0], torch.tensor([0.4, 0.5, 0.6]))
