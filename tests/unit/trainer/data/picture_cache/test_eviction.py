"""What goes before an entry is written, as a table."""

import pytest

from darkroom_storage.objects import ListedObject
from darkroom_trainer.data.picture_cache import eviction
from darkroom_trainer.data.picture_cache.entries import PictureEntry

ROOT = "s3://b/darkroom/pictures"
NOW = 100 * 24 * 3600.0
DAY = 24 * 3600.0
ENTRY = PictureEntry("fruit-1", "sha256:r2", 64)
EARLIER = PictureEntry("fruit-1", "sha256:r1", 64)
SMALLER = PictureEntry("fruit-1", "sha256:r2", 32)
OTHER = PictureEntry("shelf-1", "sha256:r1", 64)
THIRD = PictureEntry("bolts-1", "sha256:r1", 64)


def an_entry(entry: PictureEntry, days: float = 1.0, size: int = 100) -> list[ListedObject]:
    """Return the two objects of an entry that is so old."""
    written_at = NOW - days * DAY
    return [
        ListedObject(f"{ROOT}/{entry.folder}/00000-aa", size - 10, "e", written_at),
        ListedObject(f"{ROOT}/{entry.folder}/manifest.json", 10, "e", written_at),
    ]


CASES = {
    "nothing where all fits": ([*an_entry(OTHER), *an_entry(SMALLER)], 100, []),
    "what an earlier revision left": ([*an_entry(EARLIER), *an_entry(OTHER)], 100, [EARLIER]),
    "what is older than thirty days": ([*an_entry(OTHER, days=31), *an_entry(THIRD, days=29)], 100, [OTHER]),
    "the oldest where there is no room": ([*an_entry(OTHER, 2), *an_entry(THIRD, 3)], 200, [THIRD]),
    "all where it takes the room of all": ([*an_entry(OTHER, 2), *an_entry(SMALLER, 3)], 300, [SMALLER, OTHER]),
    "nothing for what an earlier attempt left of it": (an_entry(ENTRY), 300, []),
}


@pytest.mark.parametrize(("listed", "needed", "gone"), CASES.values(), ids=CASES.keys())
def test_what_goes_is(listed: list[ListedObject], needed: int, gone: list[PictureEntry]) -> None:
    evicted = eviction.choose_evicted(listed, ROOT, ENTRY, needed, 300, NOW)
    names = [f"{ROOT}/{entry.folder}/{name}" for entry in gone for name in ("manifest.json", "00000-aa")]
    assert evicted == names, "manifests first"


def test_what_is_larger_than_the_cache_never_fits_and_displaces_nothing() -> None:
    assert eviction.choose_evicted(an_entry(OTHER), ROOT, ENTRY, 301, 300, NOW) is None
