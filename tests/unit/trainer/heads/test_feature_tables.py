"""Features that are kept in files: what is there, what is not, and a folder that cannot be used."""

import logging
import pathlib

import numpy as np
import pytest
import torch

from darkroom_trainer.heads.feature_tables import FeatureTable, FeatureTables
from tests.unit.trainer.head_examples import a_network

ROWS = np.array([1, 4])


def open_tables(folder: pathlib.Path | None, dataset: str = "fruit", source_px: int = 16) -> FeatureTable:
    return FeatureTables(6, folder, dataset).open("own", a_network(source_px))


def test_what_was_put_is_there_for_the_next_process(tmp_path: pathlib.Path) -> None:
    features = torch.rand(2, 6)
    open_tables(tmp_path / "new").put(ROWS, features)
    again = open_tables(tmp_path / "new")
    assert again.find_missing(np.arange(6)).tolist() == [0, 2, 3, 5]
    assert torch.equal(again.take(ROWS), features)


def test_other_images_another_size_and_other_weights_have_tables_of_their_own(tmp_path: pathlib.Path) -> None:
    open_tables(tmp_path).put(ROWS, torch.rand(2, 6))
    assert len(open_tables(tmp_path, dataset="vegetables").find_missing(ROWS)) == 2
    assert len(open_tables(tmp_path, source_px=24).find_missing(ROWS)) == 2
    other = a_network()
    with torch.no_grad():
        next(other.net.parameters()).add_(1)
    assert len(FeatureTables(6, tmp_path, "fruit").open("own", other).find_missing(ROWS)) == 2
    assert len(open_tables(tmp_path).find_missing(ROWS)) == 0


def test_a_row_that_was_cut_short_is_computed_again(tmp_path: pathlib.Path) -> None:
    table = open_tables(tmp_path)
    table.put(ROWS, torch.rand(2, 6))
    table.values[4, 3:] = np.nan
    assert open_tables(tmp_path).find_missing(ROWS).tolist() == [4]


@pytest.mark.parametrize("damage", ["cut short", "empty", "of another shape"])
def test_a_file_that_is_not_whole_is_made_anew(damage: str, tmp_path: pathlib.Path) -> None:
    open_tables(tmp_path).put(ROWS, torch.rand(2, 6))
    (file,) = tmp_path.iterdir()
    if damage == "of another shape":
        np.save(file, np.zeros((3, 2), dtype=np.float32))
    else:
        file.write_bytes(file.read_bytes()[: 140 if damage == "cut short" else 0])
    table = open_tables(tmp_path)
    assert len(table.find_missing(np.arange(6))) == 6
    table.put(ROWS, torch.rand(2, 6))
    assert len(open_tables(tmp_path).find_missing(ROWS)) == 0


def test_a_folder_that_cannot_be_written_is_no_failure(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    caplog.set_level(logging.WARNING)
    table = open_tables(tmp_path / "file" / "below")
    table.put(ROWS, torch.ones(2, 6))
    assert table.take(ROWS).tolist() == [[1.0] * 6] * 2
    assert f"kept in memory, since {tmp_path / 'file' / 'below'} cannot be written" in caplog.text
