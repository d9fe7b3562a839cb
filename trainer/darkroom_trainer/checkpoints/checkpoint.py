"""Checkpoints: everything that a training needs to continue, in the bucket, without any code in it.

Owns their keys, order and clean-up. A checkpoint counts once its manifest is there, which is written last.
Its name begins with the epoch of the process that wrote it (`claims`): readers take the newest epoch first, so that
whatever a stale process still writes never comes before a newer one's work. Must not use pickle.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any, Final

import safetensors.torch
import torch

from darkroom_api.report import Outcome
from darkroom_api.run_config import RunConfig
from darkroom_storage.errors import ObjectMissing, StorageError
from darkroom_storage.objects import Storage, join_uri, open_storage, retry_storage
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.checkpoints import cadence, checkpoint_manifest, claims, receipts
from darkroom_trainer.runtime import reporting, stopping
from darkroom_trainer.runtime.storage_failures import explain_storage_error

LOG = logging.getLogger(__name__)

FOLDER: Final = "checkpoints"
KEPT: Final = 2

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """Tensors and the JSON state that goes with them; `charged_seconds` is what the meter said when it was saved."""

    tensors: Tensors
    state: dict[str, Any]
    charged_seconds: float = 0.0


@dataclass(frozen=True)
class Resumption:
    """What earlier attempts left: a checkpoint to go on from, or the reason why there is none.

    `lost_seconds` is what newer checkpoints were charged that cannot be used, `why` the reason; empty where none was.
    """

    checkpoint: Checkpoint | None = None
    lost_seconds: float = 0.0
    why: str = ""


class CheckpointStore:
    """The checkpoints of one run below `folder`; `fingerprint` is what a checkpoint must agree with to be resumed."""

    def __init__(
        self,
        storage: Storage,
        folder: str,
        attempt: int,
        fingerprint: str,
        meter: Meter,
        budget_seconds: float | None = None,
    ) -> None:
        self._storage = storage
        self._folder = join_uri(folder, FOLDER)
        self.claim = claims.Claim(storage, self._folder, attempt)
        self._fingerprint = fingerprint
        self._meter = meter
        self._serial = 0
        self._cadence = cadence.Cadence(budget_seconds, meter.charged_seconds)
        self.file_seconds = 0.0
        """What the last file took to write, with the look at the claims before it."""

    def is_due(self) -> bool:
        """Return whether enough was charged since the last save."""
        return self._cadence.is_due(self._meter.charged_seconds)

    @property
    def save_seconds(self) -> float:
        """Return what a save takes, in charged seconds."""
        return self._cadence.save_seconds

    def save(self, checkpoint: Checkpoint, began_at: float | None = None) -> None:
        """Write a checkpoint that a resumed meter starts from, then delete all but the newest two.

        `began_at` is when collecting it began, in charged seconds: that is part of its cost. Raises StorageError, and
        RunStopped when a newer epoch has been taken.
        """
        began_at = self._meter.charged_seconds if began_at is None else began_at
        data = safetensors.torch.save({name: value.contiguous() for name, value in checkpoint.tensors.items()})
        charged_seconds = self._write(data, checkpoint.state)
        self._meter.keep(charged_seconds)
        reporting.CHECKPOINTS.inc()
        self._delete_old()
        self._cadence.note(began_at, self._meter.charged_seconds)

    def try_save(self, checkpoint: Checkpoint, began_at: float) -> None:
        """Write a checkpoint as `save` does; an outage of the bucket costs the checkpoint, not the run."""
        try:
            self.save(checkpoint, began_at)
        except StorageError as error:
            LOG.warning("no checkpoint was written: %s", error)
            self._cadence.postpone(began_at, self._meter.charged_seconds)

    def _write(self, data: bytes, state: dict[str, Any]) -> float:
        """Write the data, then the manifest that makes it count; returns the charged seconds that it carries."""
        self._serial += 1
        name = f"{self.claim.epoch}-{self._serial:06d}"
        started = self._meter.charged_seconds
        self.claim.check()
        self._storage.write_bytes(self._uri(f"{name}.safetensors"), data)
        charged_seconds = self._meter.charged_seconds
        self.file_seconds = charged_seconds - started
        manifest = checkpoint_manifest.CheckpointManifest(
            self._fingerprint, checkpoint_manifest.digest_tensors(data), charged_seconds, state
        )
        if not claims.write_once(self._storage, self._uri(f"{name}.json"), manifest.to_bytes()):
            raise stopping.RunStopped("Another process writes under this epoch; this one ends.")
        return charged_seconds

    def load_newest(self) -> Resumption:
        """Return the newest checkpoint that is whole and fits this run, and what is lost with newer ones.

        The meter is left alone.
        """
        lost_seconds, why = 0.0, ""
        for manifest_uri in reversed(self._list_manifests()):
            try:
                found = self._load(manifest_uri)
            except checkpoint_manifest.CheckpointUnusable as unusable:
                LOG.warning("%s is not used: such checkpoints %s", manifest_uri, unusable)
                lost_seconds, why = max(lost_seconds, unusable.charged_seconds), why or str(unusable)
                continue
            LOG.info("resuming from %s", manifest_uri, extra={"charged_seconds": found.charged_seconds})
            return Resumption(found, lost_seconds, why)
        if why:
            LOG.warning("no checkpoint can be used; starting from the beginning")
        return Resumption(None, lost_seconds, why)

    def _load(self, manifest_uri: str) -> Checkpoint:
        """Return a manifest's checkpoint; raises CheckpointUnusable."""
        charged_seconds = 0.0
        try:
            manifest = checkpoint_manifest.parse_manifest(self._storage.read_bytes(manifest_uri))
            manifest.check_fingerprint(self._fingerprint)
            charged_seconds = manifest.charged_seconds
            data = self._storage.read_bytes(manifest_uri.removesuffix(".json") + ".safetensors")
            manifest.check_tensors(data)
            return Checkpoint(safetensors.torch.load(data), manifest.state, charged_seconds)
        except (ObjectMissing, safetensors.SafetensorError) as error:
            raise checkpoint_manifest.CheckpointUnusable(checkpoint_manifest.DAMAGED, charged_seconds) from error

    def close(self, config: RunConfig, outcome: Outcome) -> None:
        """Leave the receipt of a published model, and only then delete the checkpoints that led to it."""
        receipts.leave_receipt(config, outcome, self._meter)
        self.delete_all()

    def delete_all(self) -> None:
        """Delete every checkpoint and old claim; the run has ended with a model. What cannot be deleted stays."""
        _delete_checkpoints(self._storage, self._folder, self.claim)

    def _delete_old(self) -> None:
        try:
            for manifest_uri in self._list_manifests()[:-KEPT]:
                self._storage.delete(manifest_uri)
                self._storage.delete(manifest_uri.removesuffix(".json") + ".safetensors")
        except StorageError as error:
            LOG.warning("old checkpoints stay for now: %s", error)

    def _list_manifests(self) -> list[str]:
        """Return the manifests' URIs, oldest first: names sort by epoch, then by serial."""
        uris = self._storage.list_uris(self._folder + "/")
        return sorted(uri for uri in uris if uri.endswith(".json") and not claims.is_claim(uri))

    def _uri(self, name: str) -> str:
        return join_uri(self._folder, name)


def open_checkpoints(
    config: RunConfig, revision: str, evaluation_revision: str | None, meter: Meter
) -> tuple[CheckpointStore | None, Resumption]:
    """Return a run's checkpoints, claimed for this attempt, and what earlier attempts left in them.

    The meter goes on from no less than what was charged for it. A run without an output has no checkpoints. Raises
    RunError(StorageUnavailable) where the bucket does not answer.
    """
    if config.output is None:
        return None, Resumption()
    fingerprint = compute_fingerprint(config, revision, evaluation_revision)
    storage, folder = open_storage(config.output.storage), config.output.uri
    store = CheckpointStore(storage, folder, config.attempt, fingerprint, meter, config.budget_seconds or 0.0)
    try:
        retry_storage(store.claim.take)
        found = retry_storage(store.load_newest)
    except StorageError as error:
        raise explain_storage_error(error, config.output.storage, is_output=True) from error
    meter.carry(found.lost_seconds)
    if found.checkpoint is None and meter.carried_seconds and not found.why:
        return store, Resumption(why="are gone")
    return store, found


def find_published(config: RunConfig, meter: Meter) -> Outcome | None:
    """Return what an earlier attempt ended with that has published; None where none has.

    That attempt may have been killed before it deleted its checkpoints: they go now.
    """
    published = receipts.find_receipt(config, meter)
    if published is not None and config.output is not None:
        _delete_checkpoints(open_storage(config.output.storage), join_uri(config.output.uri, FOLDER))
    return published


def _delete_checkpoints(storage: Storage, folder: str, claim: claims.Claim | None = None) -> None:
    """Delete all but the claims, and those that are older than `claim`; what cannot be deleted stays."""
    try:
        for uri in storage.list_uris(folder + "/"):
            if not claims.is_claim(uri):
                storage.delete(uri)
        if claim is not None:
            claim.forget_older()
    except StorageError as error:
        LOG.warning("checkpoints stay: %s", error)


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> Tensors:
    """Return an optimizer's state as named tensors, `NUMBER.NAME` for each parameter in order."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value) for number, kept in state.items() for name, value in kept.items()
    }


def fill_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Put back what `flatten_optimizer` returned, in the memory order of the parameters.

    Files keep no memory order, and the fused step reads parameters and their state side by side as they lie.
    """
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if value.shape == parameter.shape:
                kept[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def add_prefix(prefix: str, tensors: Tensors) -> Tensors:
    """Return tensors under `prefix/`."""
    return {f"{prefix}/{name}": value for name, value in tensors.items()}


def take_prefix(prefix: str, tensors: Tensors) -> Tensors:
    """Return the tensors that `add_prefix` put under `prefix/`."""
    start = f"{prefix}/"
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def compute_fingerprint(config: RunConfig, revision: str, evaluation_revision: str | None) -> str:
    """Return a hash of everything that a checkpoint must agree with to be resumed."""
    parts = [config.task, config.seed, config.budget_seconds, config.backbone, revision, evaluation_revision]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
