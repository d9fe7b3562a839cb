"""Which entries have to go before another one is written.

Owns how long an entry is kept and which goes first. Pure: a listing in, addresses out.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from darkroom_storage.objects import ListedObject
from darkroom_trainer.data.picture_cache.entries import MANIFEST_NAME, PictureEntry

KEPT_SECONDS: Final = 30 * 24 * 3600.0
"""Since it was written. What runs still need after that is written again."""

Entries = dict[str, list[ListedObject]]


def choose_evicted(
    listed: Sequence[ListedObject], root_uri: str, entry: PictureEntry, needed_bytes: int, most_bytes: int, now: float
) -> list[str] | None:
    """Return what to delete below `root_uri`, in this order, so that `entry` fits; None where it never does.

    What another revision, or another version of Darkroom, left of the same dataset goes in any case, and what is old;
    then the oldest entries. Of each, the manifest is first: without it nobody begins to read the rest.
    """
    if needed_bytes > most_bytes:
        return None
    entries = _group(listed, root_uri)
    entries.pop(entry.folder, None)
    gone = [name for name in entries if _is_over(name, entries[name], entry, now)]
    left = sorted(entries.keys() - set(gone), key=lambda name: _find_age(entries[name], now))
    while left and sum(_count_bytes(entries[name]) for name in left) + needed_bytes > most_bytes:
        gone.append(left.pop())
    return [one.uri for name in gone for one in sorted(entries[name], key=_is_part)]


def _group(listed: Sequence[ListedObject], root_uri: str) -> Entries:
    """Return the objects by the folders of their entries."""
    entries: Entries = defaultdict(list)
    for one in listed:
        parts = one.uri.removeprefix(f"{root_uri}/").split("/")
        entries["/".join(parts[:2])].append(one)
    return entries


def _is_over(name: str, objects: Sequence[ListedObject], entry: PictureEntry, now: float) -> bool:
    is_superseded = name.startswith(f"{entry.dataset}/") and not name.startswith(entry.prefix)
    return is_superseded or _find_age(objects, now) > KEPT_SECONDS


def _find_age(objects: Sequence[ListedObject], now: float) -> float:
    return now - max(one.modified_at for one in objects)


def _count_bytes(objects: Sequence[ListedObject]) -> int:
    return sum(one.size for one in objects)


def _is_part(one: ListedObject) -> bool:
    return not one.uri.endswith(f"/{MANIFEST_NAME}")
