"""The manifest of a checkpoint: what makes its tensors count, and whether this run can go on from them.

Owns its form, of this version and of one minor version back, and its digests. Pure. Must not read or write anything.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any, Final

FORMAT: Final = 5
UNSEALED_FORMAT: Final = 4
"""That of one minor version back: its digest covers the tensors only."""
DAMAGED: Final = "are damaged"

State = dict[str, Any]


class CheckpointUnusable(Exception):
    """A checkpoint that a run cannot go on from. The text says why, and goes on a sentence about checkpoints.

    `charged_seconds` is what was charged for it all the same; 0 where the manifest cannot be trusted.
    """

    def __init__(self, why: str, charged_seconds: float = 0.0) -> None:
        super().__init__(why)
        self.charged_seconds = charged_seconds


@dataclass(frozen=True)
class CheckpointManifest:
    """What is known of a checkpoint beside its tensors; `fingerprint` is what a run must agree with to resume it."""

    fingerprint: str
    tensors_sha256: str
    charged_seconds: float
    state: State

    def to_bytes(self) -> bytes:
        """Return the text that is stored."""
        manifest = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "sha256": self.tensors_sha256,
            "stateSha256": _digest_state(self.state, self.charged_seconds),
            "chargedSeconds": self.charged_seconds,
            "state": self.state,
        }
        return json.dumps(manifest).encode()

    def check_fingerprint(self, fingerprint: str) -> None:
        """Raise CheckpointUnusable where the checkpoint is of another run than `fingerprint` stands for."""
        if self.fingerprint != fingerprint:
            why = "belong to another revision of the data or another configuration"
            raise CheckpointUnusable(why, self.charged_seconds)

    def check_tensors(self, data: bytes) -> None:
        """Raise CheckpointUnusable where `data` is not the file that the manifest was written for."""
        if digest_tensors(data) != self.tensors_sha256:
            raise CheckpointUnusable(DAMAGED, self.charged_seconds)


def parse_manifest(text: bytes) -> CheckpointManifest:
    """Return the manifest in `text`; raises CheckpointUnusable where it is damaged or of another time's version."""
    try:
        found = json.loads(text)
        charged_seconds, state = float(found["chargedSeconds"]), found["state"]
        if not (isinstance(state, dict) and math.isfinite(charged_seconds) and charged_seconds >= 0):
            raise ValueError("no state or no charge")
        if found["format"] == FORMAT and found["stateSha256"] != _digest_state(state, charged_seconds):
            raise ValueError("another state than was written")
        manifest = CheckpointManifest(str(found["fingerprint"]), str(found["sha256"]), charged_seconds, state)
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointUnusable(DAMAGED) from error
    if found["format"] not in (UNSEALED_FORMAT, FORMAT):
        raise CheckpointUnusable("were written by a version that is too old or too new for this one", charged_seconds)
    return manifest


def digest_tensors(data: bytes) -> str:
    """Return the SHA-256 of a file of tensors."""
    return hashlib.sha256(data).hexdigest()


def _digest_state(state: State, charged_seconds: float) -> str:
    return hashlib.sha256(json.dumps([state, charged_seconds]).encode()).hexdigest()
