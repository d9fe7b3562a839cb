"""Checkpoints: everything that a training needs to go on, in the bucket, without any code in it.

Owns their keys, manifests, digests and clean-up. A checkpoint counts once its manifest is there, which is written last.
Each attempt claims its number, so that a stale trainer notices that a newer one works. Must not use pickle.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any, Final

import safetensors
import safetensors.torch
import torch

from darkroom_api.run_config import RunConfig
from darkroom_trainer import errors, reporting, stopping
from darkroom_trainer.meter import Meter
from darkroom_trainer.storage import Storage, join_uri

LOG = logging.getLogger(__name__)

FOLDER: Final = "checkpoints"
KEPT: Final = 2
LEAST_INTERVAL_SECONDS: Final = 10.0
MAX_OVERHEAD: Final = 0.02
FORMAT: Final = 1

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """Tensors and the JSON state that goes with them; `charged_seconds` is what the meter said when it was saved."""

    tensors: Tensors
    state: dict[str, Any]
    charged_seconds: float = 0.0


class CheckpointStore:
    """The checkpoints of one run below `folder`; `fingerprint` is what a checkpoint must agree with to be resumed."""

    def __init__(self, storage: Storage, folder: str, attempt: int, fingerprint: str, meter: Meter) -> None:
        self._storage = storage
        self._folder = join_uri(folder, FOLDER)
        self._attempt = attempt
        self._fingerprint = fingerprint
        self._meter = meter
        self._serial = 0
        self._saved_at = meter.charged_seconds
        self.save_seconds = 0.0

    def claim(self) -> None:
        """Take this attempt's number; a second process with the same number is let be, as its work is the same."""
        try:
            self._storage.write_bytes(self._uri(f"attempt-{self._attempt:05d}.json"), b"{}\n", if_absent=True)
        except errors.PreconditionFailed:
            LOG.info("attempt %d was claimed before", self._attempt)

    def check_claim(self) -> None:
        """Raise RunStopped when a newer attempt has claimed the run."""
        claims = [uri for uri in self._storage.list_uris(self._uri("attempt-")) if uri.endswith(".json")]
        newest = max((_read_number(uri) for uri in claims), default=0)
        if newest > self._attempt:
            LOG.warning("attempt %d works already; attempt %d ends", newest, self._attempt)
            raise stopping.RunStopped(f"Attempt {newest} has taken over; attempt {self._attempt} ends.")

    def is_due(self) -> bool:
        """Return whether enough was charged since the last save: 10 s, and 50 times what a save takes."""
        interval = max(LEAST_INTERVAL_SECONDS, self.save_seconds / MAX_OVERHEAD)
        return abs(self._meter.charged_seconds - self._saved_at) >= interval

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint that a resumed meter starts from, then delete all but the newest two."""
        started = self._meter.charged_seconds
        self.check_claim()
        data = safetensors.torch.save({name: value.contiguous() for name, value in checkpoint.tensors.items()})
        self._serial += 1
        name = f"{self._attempt:05d}-{self._serial:06d}"
        self._storage.write_bytes(self._uri(f"{name}.safetensors"), data)
        manifest = {
            "format": FORMAT,
            "fingerprint": self._fingerprint,
            "sha256": hashlib.sha256(data).hexdigest(),
            "chargedSeconds": self._meter.charged_seconds,
            "state": checkpoint.state,
        }
        self._storage.write_bytes(self._uri(f"{name}.json"), json.dumps(manifest).encode(), if_absent=True)
        self._delete_old()
        reporting.CHECKPOINTS.inc()
        self._meter.keep()
        self._saved_at = self._meter.charged_seconds
        self.save_seconds = self._saved_at - started

    def postpone(self) -> None:
        """Let the next save wait a whole interval, after one that failed."""
        self._saved_at = self._meter.charged_seconds

    def load_newest(self) -> Checkpoint | None:
        """Return the newest checkpoint that is whole and fits this run, None without one; the meter is left alone."""
        for manifest_uri in reversed(self._list_manifests()):
            found = self._load(manifest_uri)
            if found is None:
                continue
            manifest, tensors = found
            LOG.info("resuming from %s", manifest_uri, extra={"charged_seconds": manifest["chargedSeconds"]})
            return Checkpoint(tensors, manifest["state"], float(manifest["chargedSeconds"]))
        return None

    def _load(self, manifest_uri: str) -> tuple[dict[str, Any], Tensors] | None:
        """Return a checkpoint's manifest and tensors, or None (and say why) where it cannot be used."""
        self._serial = max(self._serial, _read_number(manifest_uri))
        try:
            manifest = json.loads(self._storage.read_bytes(manifest_uri))
            if manifest["format"] != FORMAT or manifest["fingerprint"] != self._fingerprint:
                LOG.warning("%s belongs to another run configuration; ignored", manifest_uri)
                return None
            data = self._storage.read_bytes(manifest_uri.removesuffix(".json") + ".safetensors")
            if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
                raise ValueError("its SHA-256 differs from its manifest's")
            return manifest, safetensors.torch.load(data)
        except (errors.ObjectMissing, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
            LOG.warning("%s cannot be used (%s); trying the one before", manifest_uri, error)
            return None

    def delete_all(self) -> None:
        """Delete every checkpoint and claim; the run has ended with a model. What cannot be deleted stays."""
        try:
            for uri in self._storage.list_uris(self._folder + "/"):
                self._storage.delete(uri)
        except errors.StorageError as error:
            LOG.warning("checkpoints stay: %s", error)

    def _delete_old(self) -> None:
        for manifest_uri in self._list_manifests()[:-KEPT]:
            self._storage.delete(manifest_uri)
            self._storage.delete(manifest_uri.removesuffix(".json") + ".safetensors")

    def _list_manifests(self) -> list[str]:
        """Return the manifests' URIs, oldest first: names sort by attempt, then by serial."""
        uris = self._storage.list_uris(self._folder + "/")
        return sorted(uri for uri in uris if uri.endswith(".json") and "/attempt-" not in uri)

    def _uri(self, name: str) -> str:
        return join_uri(self._folder, name)


def _read_number(uri: str) -> int:
    digits = uri.rsplit("/", 1)[-1].removesuffix(".json").rsplit("-", 1)[-1]
    return int(digits) if digits.isdigit() else 0


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> Tensors:
    """Return an optimizer's state as named tensors, `NUMBER.NAME` for each parameter in order."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value) for number, kept in state.items() for name, value in kept.items()
    }


def fill_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put back what `flatten_optimizer` returned."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def add_prefix(prefix: str, tensors: Tensors) -> Tensors:
    """Return tensors under `prefix/`."""
    return {f"{prefix}/{name}": value for name, value in tensors.items()}


def take_prefix(prefix: str, tensors: Tensors) -> Tensors:
    """Return the tensors that `add_prefix` put under `prefix/`."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def compute_fingerprint(config: RunConfig, revision: str, evaluation_revision: str | None) -> str:
    """Return a hash of everything that a checkpoint must agree with to be resumed."""
    parts = [config.task, config.seed, config.budget_seconds, revision, evaluation_revision]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
