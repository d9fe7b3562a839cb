"""Files of a mounted claim: what is read and listed, and what never is."""

import os
import pathlib
from collections import deque
from collections.abc import Callable

import pytest

from darkroom_api.run_config import StorageAccess
from darkroom_storage import volume_files
from darkroom_storage.errors import (
    AddressForbidden,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.objects import Storage
from tests.support.memory import measure_peak_bytes

SECRET = b"a key of the trainer"


@pytest.fixture
def claim(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return the root of a claim with two pictures, beside a file that is none of its own."""
    (tmp_path / "outside").write_bytes(SECRET)
    root = tmp_path / "claim"
    (root / "pictures" / "deep").mkdir(parents=True)
    (root / "pictures" / "a b%20c.png").write_bytes(b"one")
    (root / "pictures" / "deep" / "2.png").write_bytes(b"two!")
    return root


@pytest.fixture
def storage(claim: pathlib.Path) -> Storage:
    return Storage(StorageAccess(volume_claim="photos", volume_dir=str(claim)), {})


def test_a_file_is_read_by_its_path_from_the_root_which_is_taken_literally(storage: Storage) -> None:
    fetched = storage.read("volume:pictures/a b%20c.png")
    assert fetched.data == b"one"
    assert fetched.info == storage.stat("volume:/pictures//./a b%20c.png")
    assert storage.find_size("volume:pictures/deep/2.png") == 4
    with pytest.raises(ObjectTooLarge):
        storage.read("volume:pictures/deep/2.png", 3)


def test_a_listing_gives_one_spelling_of_each_file_below_a_prefix(storage: Storage) -> None:
    both = ["volume:pictures/a b%20c.png", "volume:pictures/deep/2.png"]
    for prefix in ("volume:", "volume:/", "volume:pictures", "volume:/pictures/", "volume:pic"):
        assert storage.list_uris(prefix) == both
    assert storage.list_uris("volume:pictures/de") == both[1:]
    assert storage.list_uris("volume:pictures/deep/2.png/") == storage.list_uris("volume:gone/") == []


LINKS: dict[str, Callable[[pathlib.Path], str]] = {
    "an absolute one": lambda root: str(root.parent / "outside"),
    "an absolute one to the claim itself": lambda root: str(root / "pictures" / "deep" / "2.png"),
    "one that climbs": lambda _root: "../../outside",
    "one that climbs and comes back": lambda root: f"../../{root.name}/pictures/deep/2.png",
    "one to a folder that climbs": lambda _root: "deep/../../../outside",
}


@pytest.mark.parametrize("target", LINKS.values(), ids=LINKS.keys())
def test_a_link_that_leaves_the_claim_is_refused(
    claim: pathlib.Path, storage: Storage, target: Callable[[pathlib.Path], str]
) -> None:
    (claim / "pictures" / "link").symlink_to(target(claim))
    with pytest.raises(AddressForbidden, match=r"volume:pictures/link .* leads out of the claim; put the file itself"):
        storage.read("volume:pictures/link")
    listed = {found.uri: found.size for found in storage.iterate_objects("volume:")}
    assert listed["volume:pictures/link"] == 0


def test_a_folder_behind_a_link_that_leaves_the_claim_is_refused(claim: pathlib.Path, storage: Storage) -> None:
    (claim / "away").symlink_to("..")
    with pytest.raises(AddressForbidden, match="leads out of the claim"):
        storage.read("volume:away/outside")
    with pytest.raises(AddressForbidden, match="leads out of the claim"):
        storage.list_uris("volume:away/")


def test_links_within_the_claim_are_followed_to_files_and_on_the_way_to_a_folder(
    claim: pathlib.Path, storage: Storage
) -> None:
    (claim / "current").symlink_to("pictures")
    (claim / "pictures" / "deep" / "same").symlink_to(".././../current/deep/2.png")
    (claim / "pictures" / "again").symlink_to("deep")
    (claim / "dangling").symlink_to("nothing")
    assert storage.read_bytes("volume:current/deep/same") == b"two!"
    assert storage.list_uris("volume:current/deep/") == ["volume:current/deep/2.png", "volume:current/deep/same"]
    assert storage.list_uris("volume:") == [
        "volume:pictures/a b%20c.png", "volume:pictures/deep/2.png", "volume:pictures/deep/same",
    ]  # fmt: skip


def test_a_folder_that_becomes_a_link_while_it_is_walked_leads_nowhere_else(
    claim: pathlib.Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (claim / "pictures" / "outside").write_bytes(b"mine")
    opened = os.open

    def open_late(name: str, flags: int, *, dir_fd: int | None = None) -> int:
        if name == "outside":  # whoever writes to the claim is quicker
            (claim / "pictures").rename(claim / "moved")
            (claim / "pictures").symlink_to("..")
        return opened(name, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_late)
    assert storage.read_bytes("volume:pictures/outside") == b"mine"


REFUSED: dict[str, tuple[str, type[StorageError], str]] = {
    "climbing": ("volume:pictures/../../outside", AddressForbidden, "leaves its folder with .."),
    "a NUL": ("volume:a\0b", AddressForbidden, "NUL character"),
    "half a character": ("volume:a\ud800", AddressForbidden, "no Unicode text"),
    "a folder": ("volume:pictures", ObjectMissing, "it is a folder"),
    "the root": ("volume:", ObjectMissing, "it is a folder"),
    "nothing": ("volume:pictures/3.png", ObjectMissing, "volume:pictures/3.png does not exist"),
    "below a file": ("volume:pictures/deep/2.png/x", ObjectMissing, "does not exist"),
    "a name that is too long": (f"volume:{'x' * 300}", ObjectMissing, "File name too long"),
    "a pipe": ("volume:pipe", AddressForbidden, "a device or a pipe"),
    "a circle of links": ("volume:circle", ObjectMissing, "Too many levels of symbolic links"),
}


@pytest.mark.parametrize(("uri", "error", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_file_of_the_claim_is_named(
    claim: pathlib.Path, storage: Storage, uri: str, error: type[StorageError], words: str
) -> None:
    os.mkfifo(claim / "pipe")
    (claim / "circle").symlink_to("circle")
    with pytest.raises(error, match=words):
        storage.read(uri)
    with pytest.raises(error, match=words):
        storage.find_size(uri)
    assert not any(found.uri in ("volume:pipe", "volume:circle") for found in storage.iterate_objects("volume:"))


def test_without_a_claim_the_field_is_named() -> None:
    with pytest.raises(AddressForbidden, match=r"name its PersistentVolumeClaim in storage.volumeClaim"):
        Storage(StorageAccess(), {}).read("volume:train.json")


def test_a_file_that_may_not_be_read_says_who_must_be_let(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def deny(name: str, flags: int, *, dir_fd: int | None = None) -> int:  # root may read everything
        if name in ("2.png", "deep") and dir_fd is not None:
            raise PermissionError(13, "Permission denied")
        return opened(name, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", deny)
    group = max({os.getegid(), *os.getgroups()})
    with pytest.raises(StorageRefused) as refusal:
        storage.read("volume:pictures/deep/2.png")
    said = str(refusal.value)
    assert said.startswith("volume:pictures/deep/2.png was refused: Permission denied: this run is user ")
    assert f"`chgrp -R {group} .` and `chmod -R g+rX .`" in said
    with pytest.raises(StorageRefused, match=r"^volume:pictures/deep was refused"):
        storage.list_uris("volume:")


def test_a_server_behind_the_claim_that_fails_is_asked_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(StorageUnreachable, match="Stale file handle"):
        storage.read("volume:pictures/deep/2.png")


def test_a_large_folder_is_listed_in_little_memory_and_few_handles(claim: pathlib.Path, storage: Storage) -> None:
    folder = claim / "many"
    folder.mkdir()
    for number in range(3_000):
        os.mknod(folder / f"{number:05d}.png")
    assert sum(1 for _ in storage.iterate_objects("volume:many/")) == 3_000
    assert measure_peak_bytes(lambda: deque(storage.iterate_objects("volume:many/"), maxlen=0)) < 2**17


def test_folders_within_folders_are_bounded(claim: pathlib.Path, storage: Storage) -> None:
    deep = claim.joinpath(*(["in"] * (volume_files.MAX_DEPTH + 1)))
    deep.mkdir(parents=True)
    with pytest.raises(AddressForbidden, match="in more than 64 folders; move it up"):
        storage.list_uris("volume:")


def test_no_handle_is_left_open(claim: pathlib.Path, storage: Storage) -> None:
    (claim / "link").symlink_to("../outside")
    before = len(os.listdir("/proc/self/fd"))
    for uri in ("volume:link", "volume:gone", "volume:pictures", "volume:pictures/deep/2.png"):
        for _ in range(3):
            try:
                storage.read(uri)
            except StorageError:
                pass
    next(iter(storage.iterate_objects("volume:")))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_name_that_is_no_unicode_is_listed_and_found_missing(claim: pathlib.Path, storage: Storage) -> None:
    (claim / os.fsdecode(b"\xff.png")).write_bytes(b"1")
    assert "volume:\\xff.png" in storage.list_uris("volume:")
    with pytest.raises(ObjectMissing):
        storage.read("volume:\\xff.png")
