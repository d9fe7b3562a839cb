"""In place of `commands.training` in the soak's image: a training that sleeps where the real one computes.

The process around it, its storage, claims, meter, reports, stopping, publishing and receipts are the real ones.
Checkpoints follow the same rules in a few lines of their own, because the real ones hold tensors. Must not import
torch: two hundred of these share two cores.
"""

import json
import pathlib
import secrets
import time
from typing import Any, Final

from darkroom_api import conditions, report, run_config
from darkroom_storage.objects import join_uri, open_storage, retry_storage
from darkroom_trainer.budget import meter as meters
from darkroom_trainer.checkpoints import claims, receipts
from darkroom_trainer.export import artifacts
from darkroom_trainer.runtime import errors, reporting, stopping

STEP_SECONDS: Final = 0.2
SAVE_EVERY_SECONDS: Final = 1.0
RESERVE_SECONDS: Final = 1.0
LEAST_BUDGET_SECONDS: Final = 3.0
PUBLICATIONS: Final = "publications"
"""A folder beside the models: one object for each time that a model was published, by uid."""


class Checkpoints:
    """The checkpoints of one run, under the real claims: what the real ones are, without tensors."""

    def __init__(self, config: run_config.RunConfig) -> None:
        assert config.output is not None
        self._serial = 0
        self._folder = join_uri(config.output.uri, "checkpoints")
        self._storage = open_storage(config.output.storage)
        self.claim = claims.Claim(self._storage, self._folder, config.attempt)

    def save(self, charged_seconds: float) -> None:
        """Write what is charged under a key of its own, never over another."""
        self.claim.check()
        self._serial += 1
        text = json.dumps({"chargedSeconds": charged_seconds}).encode()
        uri = join_uri(self._folder, f"{self.claim.epoch}-{self._serial:06d}.json")
        self._storage.write_bytes(uri, text, if_absent=True)

    def load(self) -> float | None:
        """Return what the newest checkpoint says is charged, None where there is none."""
        saved = self._list()
        return float(json.loads(self._storage.read_bytes(saved[-1]))["chargedSeconds"]) if saved else None

    def delete(self) -> None:
        """Delete all but the newest claim, which keeps a stale process out."""
        for uri in self._list():
            self._storage.delete(uri)
        self.claim.forget_older()

    def note_publication(self, folder: str, uid: str) -> None:
        """Leave a mark, outside the model's folder, that this process has published."""
        base = folder.rstrip("/").rsplit("/", 2)[0]
        uri = join_uri(base, PUBLICATIONS, uid, f"{self.claim.epoch}-{secrets.token_hex(4)}.json")
        self._storage.write_bytes(uri, json.dumps({"at": time.time()}).encode(), if_absent=True)

    def _list(self) -> list[str]:
        return [uri for uri in self._storage.list_uris(self._folder + "/") if not claims.is_claim(uri)]


def train_model(context: Any, devices: None) -> report.Outcome:
    """Sleep until the budget is spent, then publish; stops, resumes and refuses as the real training does."""
    del devices
    config, meter = context.config, context.meter
    assert config.budget_seconds is not None
    if config.budget_seconds < LEAST_BUDGET_SECONDS:
        raise errors.RunError(
            conditions.Reason.BUDGET_NOT_ENOUGH, f"at least {LEAST_BUDGET_SECONDS:.0f}s, 10s suggested"
        )
    published = receipts.find_receipt(config, meter)
    kept = Checkpoints(config)
    if published is not None:
        kept.delete()
        return published
    retry_storage(kept.claim.take)
    saved = retry_storage(kept.load)
    if saved is not None:
        meter.resume(saved)
    if not config.publish_only:
        _sleep_it_off(config, context.reporter, meter, kept)
    elif saved is None:
        return _build_outcome(config, conditions.Reason.CANCELLED, "Cancelled before there was a model.")
    return _publish(config, context.work, context.reporter, meter, kept)


def _sleep_it_off(
    config: run_config.RunConfig, reporter: reporting.Reporter, meter: meters.Meter, kept: Checkpoints
) -> None:
    assert config.budget_seconds is not None
    total, saved_at = config.budget_seconds, meter.charged_seconds
    try:
        while meter.charged_seconds + STEP_SECONDS * meter.rate <= total - RESERVE_SECONDS:
            charged = meter.charged_seconds
            reporter.update(percent=int(100 * charged / total), stage="Sleeping", charged_seconds=charged)
            time.sleep(STEP_SECONDS)
            if meter.charged_seconds - saved_at >= SAVE_EVERY_SECONDS:
                saved_at = meter.charged_seconds
                kept.save(saved_at)
                meter.keep()
    except stopping.RunStopped:
        kept.save(meter.charged_seconds)
        meter.keep()
        raise


def _publish(
    config: run_config.RunConfig,
    work: pathlib.Path,
    reporter: reporting.Reporter,
    meter: meters.Meter,
    kept: Checkpoints,
) -> report.Outcome:
    assert config.output is not None
    reporter.update(percent=99, stage="Uploading")
    (work / "model.json").write_text(json.dumps({"attempt": config.attempt, "uid": config.resource.uid}))
    (work / "model.safetensors").write_bytes(secrets.token_bytes(4096))
    kept.claim.check()
    published = artifacts.publish_files(work, ["model.json", "model.safetensors"], config.output)
    reason = conditions.Reason.CANCELLED if config.publish_only else conditions.Reason.SUCCEEDED
    outcome = _build_outcome(config, reason, "Slept.", artifacts=published)
    receipts.leave_receipt(config, outcome, meter)
    kept.note_publication(config.output.uri, config.resource.uid)
    kept.delete()
    return outcome


def _build_outcome(
    config: run_config.RunConfig, reason: conditions.Reason, message: str, **rest: Any
) -> report.Outcome:
    revision = config.dataset.revision
    return report.Outcome(command=config.command, reason=reason, message=message, dataset_revision=revision, **rest)
