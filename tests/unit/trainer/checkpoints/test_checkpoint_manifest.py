"""Which checkpoints a run can go on from, and what it learns of the others."""

import json
from typing import Any

import pytest

from darkroom_trainer.checkpoints import checkpoint_manifest
from darkroom_trainer.checkpoints.checkpoint_manifest import CheckpointManifest, CheckpointUnusable

TENSORS = b"tensors"
MANIFEST = CheckpointManifest(
    "f", checkpoint_manifest.digest_tensors(TENSORS), 24.5, {"stage": "holdOut", "window": [0.1, 60], "scores": None}
)
OF_THE_VERSION_BEFORE = (
    b'{"format": 4, "fingerprint": "f", "chargedSeconds": 24.5, "state": {"step": 7}, "sha256": '
    b'"9b6b14b1cd4e3ac1d3a79f76bbc06ed0d03aa2dd3d5c8f09a5b1ef1e3c1c0c2c"}'
)
"""As Darkroom wrote it before the state had a digest."""


def change(**changes: Any) -> bytes:
    return json.dumps({**json.loads(MANIFEST.to_bytes()), **changes}).encode()


def test_a_manifest_comes_back_as_it_was_written() -> None:
    assert checkpoint_manifest.parse_manifest(MANIFEST.to_bytes()) == MANIFEST


def test_a_manifest_of_one_minor_version_back_is_read() -> None:
    found = checkpoint_manifest.parse_manifest(OF_THE_VERSION_BEFORE)
    assert (found.charged_seconds, found.state) == (24.5, {"step": 7})


def test_keys_of_a_newer_version_are_left_out() -> None:
    assert checkpoint_manifest.parse_manifest(change(writtenBy="0.9.0")) == MANIFEST


OLD, DAMAGED = "were written by a version", "are damaged"
UNUSABLE = {
    "a format of long ago": (change(format=3), OLD, 24.5),
    "a format of the future": (change(format=6), OLD, 24.5),
    "no JSON": (b"\xff{", DAMAGED, 0.0),
    "no object": (b"[5]", DAMAGED, 0.0),
    "half of it": (MANIFEST.to_bytes()[:90], DAMAGED, 0.0),
    "no format": (b'{"chargedSeconds": 1, "state": {}}', DAMAGED, 0.0),
    "a charge that is no number": (change(chargedSeconds="soon"), DAMAGED, 0.0),
    "a charge without end": (change(chargedSeconds=float("inf")), DAMAGED, 0.0),
    "a charge below zero": (change(format=4, chargedSeconds=-1), DAMAGED, 0.0),
    "another charge than was written": (change(chargedSeconds=2.5), DAMAGED, 0.0),
    "another state than was written": (change(state={"stage": "final"}), DAMAGED, 0.0),
    "a state that is none": (change(format=4, state=[]), DAMAGED, 0.0),
}


@pytest.mark.parametrize(("text", "why", "charged"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_manifest_that_cannot_be_used_says_why_and_what_it_was_charged(text: bytes, why: str, charged: float) -> None:
    with pytest.raises(CheckpointUnusable, match=why) as unusable:
        checkpoint_manifest.parse_manifest(text)
    assert unusable.value.charged_seconds == charged


def test_a_checkpoint_of_other_data_or_with_other_tensors_was_charged_all_the_same() -> None:
    MANIFEST.check_fingerprint("f")
    MANIFEST.check_tensors(TENSORS)
    with pytest.raises(CheckpointUnusable, match="belong to another revision of the data") as unusable:
        MANIFEST.check_fingerprint("g")
    assert unusable.value.charged_seconds == 24.5
    with pytest.raises(CheckpointUnusable, match="are damaged") as unusable:
        MANIFEST.check_tensors(TENSORS + b"!")
    assert unusable.value.charged_seconds == 24.5
