"""The names of an entry's objects, and what a manifest has to say."""

import dataclasses
import json
from typing import Any

import pytest

from darkroom_trainer.data.picture_cache import entries
from tests.support.coco_builders import a_source

DIGEST = entries.compute_digest(b"part")
ENTRY = entries.PictureEntry("fruit-1", "sha256:r1", 64)


OTHERS = {
    "another dataset": dataclasses.replace(ENTRY, dataset="fruit-2"),
    "another revision": dataclasses.replace(ENTRY, revision="sha256:r2"),
    "another size": dataclasses.replace(ENTRY, size_px=96),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_another_folder_belongs_to(other: entries.PictureEntry) -> None:
    assert other.folder != ENTRY.folder


def test_another_folder_belongs_to_another_version_of_what_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ENTRY.folder
    monkeypatch.setattr(entries, "VERSION", "1-13.0-4.0")
    assert ENTRY.folder != before


def test_the_sizes_of_a_revision_share_a_prefix() -> None:
    assert OTHERS["another size"].prefix == ENTRY.prefix
    assert ENTRY.folder.startswith(ENTRY.prefix)
    assert not OTHERS["another revision"].folder.startswith(ENTRY.prefix)


def test_datasets_of_one_name_and_other_addresses_are_two() -> None:
    first, second = (entries.name_dataset(a_source(f"s3://{bucket}/train.json")) for bucket in ("one", "two"))
    assert first != second
    assert first.startswith("fruit-")


@pytest.mark.parametrize(
    ("images", "size_px", "shards"),
    [
        pytest.param(3, 64, [(0, 3)], id="one part holds all"),
        pytest.param(1366, 64, [(0, 682), (682, 1364), (1364, 1366)], id="full parts, and the rest"),
        pytest.param(2, 2000, [(0, 1), (1, 2)], id="an image above the bound is a part of its own"),
    ],
)
def test_images_are_divided_into_parts(images: int, size_px: int, shards: list[tuple[int, int]]) -> None:
    assert entries.list_shards(images, size_px) == shards


def test_a_manifest_is_read_as_it_was_written() -> None:
    manifest = entries.PictureManifest(images=3, size_px=64, records=DIGEST, shards=(DIGEST,))
    assert entries.parse_manifest(manifest.to_bytes()) == manifest
    entries.check_shape(manifest, 3, 64)
    for images, size_px in ((4, 64), (3, 96), (1366, 64)):
        with pytest.raises(entries.EntryUnusable, match="other images"):
            entries.check_shape(manifest, images, size_px)


GOOD: dict[str, Any] = {"format": 1, "images": 3, "sizePx": 64, "records": DIGEST, "shards": [DIGEST]}
BAD = {
    "no JSON": b"{",
    "no text": b"\xff\x00",
    "another format": json.dumps({**GOOD, "format": 2}).encode(),
    "a key more": json.dumps({**GOOD, "module": "os"}).encode(),
    "a path for a digest": json.dumps({**GOOD, "shards": ["../../secret"]}).encode(),
    "no image": json.dumps({**GOOD, "images": 0}).encode(),
    "deep nesting": b"[" * 100_000,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_damaged_manifest_makes_an_entry_unusable(text: bytes) -> None:
    with pytest.raises(entries.EntryUnusable, match="manifest is damaged"):
        entries.parse_manifest(text)


@pytest.mark.parametrize("data", [b"part.", b"par", b"trap", b""], ids=["longer", "shorter", "other", "empty"])
def test_a_damaged_part_makes_an_entry_unusable(data: bytes) -> None:
    entries.check_part(b"part", DIGEST, 4)
    with pytest.raises(entries.EntryUnusable, match="a part of it is damaged"):
        entries.check_part(data, DIGEST, 4)
