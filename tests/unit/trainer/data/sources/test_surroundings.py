"""One bounded listing says why files are missing, however many they are."""

import pathlib

import pytest

from darkroom_api.run_config import StorageAccess
from darkroom_storage.objects import Storage
from darkroom_trainer.data.sources import surroundings
from darkroom_trainer.data.sources.missing_files import UNEXPLAINED
from darkroom_trainer.data.sources.surroundings import explain_missing, list_folder


class CountingStorage(Storage):
    """A storage that notes what is listed."""

    def __init__(self, access: StorageAccess) -> None:
        super().__init__(access, {})
        self.listed: list[str] = []

    def list_some(self, prefix_uri: str, most: int, seconds: float) -> list[str]:
        """Note the folder."""
        self.listed.append(prefix_uri)
        return super().list_some(prefix_uri, most, seconds)


@pytest.fixture
def counting(access: StorageAccess) -> CountingStorage:
    return CountingStorage(access)


@pytest.fixture(params=["s3", "file"])
def folder(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    return f"s3://vision/{tmp_path.name}" if request.param == "s3" else (tmp_path / "a b").as_uri()


def test_a_thousand_missing_files_take_one_listing(counting: CountingStorage, folder: str) -> None:
    counting.write_bytes(f"{folder}/img/IMG_0.png", b"")
    reasons = explain_missing(counting, [f"{folder}/img/img_{number}.png" for number in range(1000)])
    assert counting.listed == [f"{folder}/img/"]
    assert len(reasons) == 1000
    assert "but 'IMG_0.png' does" in reasons[0].words


def test_the_folders_above_are_listed_where_the_files_are_not_nearby(counting: CountingStorage, folder: str) -> None:
    counting.write_bytes(f"{folder}/pictures/a.png", b"")
    [why] = explain_missing(counting, [f"{folder}/images/a.png"])
    assert counting.listed == [f"{folder}/images/", f"{folder}/"]
    assert "'pictures/a.png' is there" in why.words


def test_what_is_above_a_folder_with_files_is_none_of_our_business(counting: CountingStorage, folder: str) -> None:
    counting.write_bytes(f"{folder}/other shop/a.png", b"")
    counting.write_bytes(f"{folder}/my shop/train.json", b"")
    assert explain_missing(counting, [f"{folder}/my shop/a.png"]) == [UNEXPLAINED]
    assert counting.listed == [f"{folder}/my shop/"]


def test_no_more_names_are_taken_than_is_said(
    counting: CountingStorage, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        counting.write_bytes(f"{folder}/{number}.png", b"")
    monkeypatch.setattr(surroundings, "MAX_NAMES", 3)
    assert len(list_folder(counting, f"{folder}/") or ()) == 3
    monkeypatch.setattr(surroundings, "SECONDS", 0.0)
    assert list_folder(counting, f"{folder}/") == []


@pytest.mark.parametrize("uri", ["s3://no-such-bucket/a.png", "https://photos.test/a.png"])
def test_a_place_that_cannot_be_listed_says_nothing(counting: CountingStorage, uri: str) -> None:
    assert explain_missing(counting, [uri]) == [UNEXPLAINED]
