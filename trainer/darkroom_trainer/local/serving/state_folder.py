"""The resources of `darkroom serve --local`, as its folder has them.

Owns the form in which the worker reads and writes that folder. Must not do: decide what runs.
"""

import contextlib
import logging
import pathlib
from datetime import datetime
from typing import Any, Final, cast

import pydantic

from darkroom_api import names, results
from darkroom_api.results import AnyStatus
from darkroom_api.run_config import RunConfig, Weights
from darkroom_api.schema import read_record
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_storage import state_folder as layout
from darkroom_trainer.local import manifest_checks
from darkroom_trainer.local.board import BoardEntry
from darkroom_trainer.local.config import Permits, Target
from darkroom_trainer.local.manifests import KINDS, Manifest

LOG: Final = logging.getLogger(__name__)


class StateFolder:
    """The folder, and its resources as they were when it was last read."""

    def __init__(
        self, root: pathlib.Path, endpoints: tuple[str, ...] = (), folders: tuple[pathlib.Path, ...] = ()
    ) -> None:
        self.root = root
        self.entries: list[BoardEntry] = []
        self._endpoints = endpoints
        self._folders = folders

    def read(self) -> None:
        """Read all resources, oldest first; one that cannot be read is logged and passed over."""
        folders = (self.root / layout.RESOURCES).glob(f"[!.]*/{layout.RESOURCE_FILE}")
        found = [entry for path in folders if (entry := self._read_entry(path)) is not None]
        self.entries = sorted(found, key=lambda entry: (entry.created_at, entry.target.uid))

    def _read_entry(self, path: pathlib.Path) -> BoardEntry | None:
        try:
            document = layout.read_json(path)
            return self._parse(document, path) if document is not None else None
        except (OSError, ValueError, KeyError, TypeError, pydantic.ValidationError) as error:
            LOG.warning("%s cannot be read and is passed over: %s", path, error)
            return None

    def _parse(self, document: dict[str, Any], path: pathlib.Path) -> BoardEntry:
        metadata, kind = document["metadata"], KINDS[document["kind"]]
        namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
        spec = manifest_checks.parse_spec(kind, document["spec"])
        manifest = Manifest(kind, namespace, name, metadata, document["spec"], spec, str(path), path.parent)
        artifacts = self.root / layout.ARTIFACTS / names.artifact_folder(kind.name, name, uid)
        permits = Permits(self._endpoints, self._folders, self.root / layout.SECRETS / namespace)
        target = Target(manifest, uid, artifacts, Weights(), permits=permits)
        created_at, generation = datetime.fromisoformat(metadata["creationTimestamp"]), metadata["generation"]
        kept = read_record(kind.status, layout.read_json(path.with_name(layout.STATUS_FILE)))
        status = cast("AnyStatus", kept) if kept is not None else results.start_status(spec, generation, created_at)
        return BoardEntry(target, created_at, status, generation)

    def find(self, kind: str, namespace: str, name: str) -> BoardEntry | None:
        """Return a resource, None where there was none."""
        return next((entry for entry in self.entries if entry.manifest.key == (kind, namespace, name)), None)

    def keep(self, entry: BoardEntry) -> None:
        """Write the status of a resource; nothing happens where the resource has been deleted."""
        self._write(entry, layout.STATUS_FILE, entry.status.to_json())

    def begin(self, entry: BoardEntry, config: RunConfig) -> None:
        """Start the status anew and write what a run is told, for its further attempts: its Dataset may change."""
        entry.status = results.start_status(entry.manifest.spec, entry.generation, entry.created_at)
        self._write(entry, layout.RUN_FILE, config.to_json())

    def _write(self, entry: BoardEntry, name: str, value: Any) -> None:
        with contextlib.suppress(FileNotFoundError):
            layout.write_json(self._folder(entry) / name, value)

    def read_run(self, entry: BoardEntry) -> RunConfig | None:
        """Return what the run was told at its first attempt, None where it had none or it cannot be read."""
        try:
            found = layout.read_json(self._folder(entry) / layout.RUN_FILE)
            return RunConfig.model_validate(found) if found is not None else None
        except (OSError, ValueError) as error:
            LOG.warning("%s begins anew: its run cannot be read: %s", entry.shown, error)
            return None

    def is_wanted(self, entry: BoardEntry) -> bool:
        """Return whether a resource is still there, and nobody has asked meanwhile to cancel it."""
        now = self._read_entry(self._folder(entry) / layout.RESOURCE_FILE)
        if now is None:
            return False
        spec, before = now.manifest.spec, entry.manifest.spec
        if isinstance(spec, ModelSpec) and isinstance(before, ModelSpec):
            return before.cancel is True or spec.cancel is not True
        return True

    def _folder(self, entry: BoardEntry) -> pathlib.Path:
        return self.root / layout.RESOURCES / entry.target.uid
