"""The hash of a dataset moves with what it is made of, and with nothing else."""

import hashlib

import pytest

from darkroom_storage.objects import ObjectInfo
from darkroom_trainer.data.inspection.revision import compute_revision

PLACED = ("https://h.test/1.png?token=x", ObjectInfo(10, "tag"))
HASHES = [hashlib.sha256(b"one").digest(), hashlib.sha256(b"two").digest()]


def test_it_is_the_same_again_and_says_how_it_was_made() -> None:
    revision = compute_revision(HASHES, [PLACED])
    assert revision == compute_revision(HASHES, [PLACED])
    assert revision.startswith("sha256:")
    assert len(revision) == len("sha256:") + 64


CHANGED = {
    "an annotation file": ([hashlib.sha256(b"one").digest(), hashlib.sha256(b"2").digest()], [PLACED]),
    "the order of the files": (HASHES[::-1], [PLACED]),
    "an image's address": (HASHES, [("https://h.test/2.png", PLACED[1])]),
    "an image's bytes": (HASHES, [(PLACED[0], ObjectInfo(10, "other"))]),
    "an image's size": (HASHES, [(PLACED[0], ObjectInfo(11, "tag"))]),
    "an image that cannot be read": (HASHES, []),
}


@pytest.mark.parametrize(("hashes", "located"), CHANGED.values(), ids=CHANGED.keys())
def test_it_moves_with(hashes: list[bytes], located: list[tuple[str, ObjectInfo]]) -> None:
    assert compute_revision(hashes, located) != compute_revision(HASHES, [PLACED])


def test_it_stays_with_a_token_that_is_renewed() -> None:
    renewed = ("https://h.test/1.png?token=y", PLACED[1])
    assert compute_revision(HASHES, [renewed]) == compute_revision(HASHES, [PLACED])
