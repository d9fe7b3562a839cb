"""Resources in a folder of this machine, for one server at a time.

Owns the index and the files that a server writes; the worker writes the statuses (`darkroom_storage.state_folder`).
Must not start a worker.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pydantic

from darkroom_api import results
from darkroom_api.crd import KINDS
from darkroom_api.names import artifact_folder
from darkroom_api.schema import Spec
from darkroom_server.backends.backend import AlreadyThere, Changed, Kind, NotThere, Refused, Stored, Unavailable
from darkroom_server.backends.objects import read_object
from darkroom_storage import state_folder as layout

SERVER_LOCK: Final = "server.lock"
_SPECS: Final = {kind.name: kind.spec for kind in KINDS}
Document = dict[str, Any]
Key = tuple[Kind, str, str]


@dataclass
class _Kept:
    """A resource, and its status as of a version of its file."""

    document: Document
    stored: Stored
    status_file: tuple[int, int] | None


class LocalStore:
    """The resources of a folder. Not for several threads."""

    def __init__(self, root: pathlib.Path) -> None:
        """Open the folder, made where there is none; raises Unavailable where another server has it."""
        self.root = root
        self._resources = root / layout.RESOURCES
        root.mkdir(mode=0o700, parents=True, exist_ok=True)  # addresses in it may hold tokens
        self._resources.mkdir(exist_ok=True)
        self._lock = (root / SERVER_LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise Unavailable(f"{root}: another server uses this folder; stop it, or choose another one") from error
        self._kept: dict[Key, _Kept] = {}
        for left in self._resources.glob(".*"):
            shutil.rmtree(left, ignore_errors=True)  # of a server that was killed
        for part in (root / layout.RUNS).glob("*/.part-*"):
            part.unlink()
        for path in self._resources.glob(f"*/{layout.RESOURCE_FILE}"):
            try:
                self._keep(layout.read_json(path))
            except (OSError, ValueError, KeyError, TypeError) as error:
                self._lock.close()
                raise Unavailable(f"{path} cannot be read; move its folder elsewhere ({error})") from error

    def close(self) -> None:
        """Let another server have the folder."""
        self._lock.close()

    def find(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return a resource with its newest status."""
        kept = self._kept.get((kind, namespace, name))
        return self._refresh(kept) if kept is not None else None

    def list_all(self, kind: Kind, namespace: str) -> list[Stored]:
        """Return all resources of a kind in a namespace."""
        return [self._refresh(kept) for key, kept in self._kept.items() if key[:2] == (kind, namespace)]

    def create(self, kind: Kind, namespace: str, manifest: Mapping[str, Any]) -> Stored:
        """Keep a new resource; raises AlreadyThere and Refused."""
        name = manifest["metadata"]["name"]
        if (kind, namespace, name) in self._kept:
            raise AlreadyThere(f"{kind} {name} exists already")
        created = {
            "namespace": namespace,
            "uid": str(uuid.uuid4()),
            "creationTimestamp": datetime.now(UTC).isoformat(),
            "generation": 1,
        }
        document = {**manifest, "metadata": {**manifest["metadata"], **created}}
        document["spec"] = _check_spec(kind, document["spec"]).to_json()
        with _explained():
            folder = self._folder(document)
            part = folder.with_name(f".part-{folder.name}")
            part.mkdir()
            layout.write_json(part / layout.RESOURCE_FILE, document)
            part.rename(folder)
        return self._keep(document).stored

    def patch(
        self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any], version: str | None = None
    ) -> Stored:
        """Merge a change into a resource; raises NotThere, Changed and Refused."""
        kept = self._look(kind, namespace, name, version)
        document = _merge(kept.document, change)
        document["spec"] = _check_spec(kind, document["spec"]).to_json()
        _check_immutable(kind, kept.document["spec"], document["spec"])
        if document["spec"] != kept.document["spec"]:
            document["metadata"]["generation"] += 1
        with _explained():
            layout.write_json(self._folder(document) / layout.RESOURCE_FILE, document)
        return self._keep(document).stored

    def delete(self, kind: Kind, namespace: str, name: str, version: str | None = None) -> None:
        """Forget a resource and remove what was published for it; raises NotThere and Changed."""
        kept = self._look(kind, namespace, name, version)
        folder = self._folder(kept.document)
        with _explained():
            gone = folder.with_name(f".gone-{folder.name}")
            folder.rename(gone)  # from now on the worker finds it no more
            del self._kept[kind, namespace, name]
            shutil.rmtree(gone, ignore_errors=True)
            artifacts = artifact_folder(kind, name, kept.stored.uid)
            shutil.rmtree(self.root / layout.ARTIFACTS / artifacts, ignore_errors=True)

    def has_work(self) -> bool:
        """Return whether any run has not ended."""
        return any(key[0] != "Dataset" and not _has_ended(self._refresh(kept)) for key, kept in self._kept.items())

    def _look(self, kind: Kind, namespace: str, name: str, version: str | None) -> _Kept:
        kept = self._kept.get((kind, namespace, name))
        if kept is None:
            raise NotThere(f"there is no {kind} {name}")
        if version is not None and kept.stored.version != version:
            raise Changed("it was changed since this version of it was read")
        return kept

    def _folder(self, document: Document) -> pathlib.Path:
        return self._resources / str(document["metadata"]["uid"])

    def _keep(self, document: Document) -> _Kept:
        kind, metadata = document["kind"], document["metadata"]
        kept = _Kept(document, self._read(document), self._stat_status(document))
        self._kept[kind, metadata["namespace"], metadata["name"]] = kept
        return kept

    def _refresh(self, kept: _Kept) -> Stored:
        seen = self._stat_status(kept.document)
        if seen != kept.status_file:
            kept.stored, kept.status_file = self._read(kept.document), seen
        return kept.stored

    def _stat_status(self, document: Document) -> tuple[int, int] | None:
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(self._folder(document) / layout.STATUS_FILE)
            return found.st_mtime_ns, found.st_ino
        return None

    def _read(self, document: Document) -> Stored:
        metadata, kind = document["metadata"], document["kind"]
        status = layout.read_json(self._folder(document) / layout.STATUS_FILE)
        if status is None:
            created_at = datetime.fromisoformat(metadata["creationTimestamp"])
            spec = _check_spec(kind, document["spec"])
            status = results.start_status(spec, metadata["generation"], created_at).to_json()
        return read_object(kind, {**document, "status": status})


def _has_ended(stored: Stored) -> bool:
    return str(stored.status.phase) in ("Succeeded", "Failed", "Cancelled")


def _check_spec(kind: Kind, raw: Mapping[str, Any]) -> Spec:
    try:
        return _SPECS[kind].model_validate(raw)
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(("spec", *(str(part) for part in problem["loc"])))
        raise Refused(f"{field}: {problem['msg']}") from error


def _check_immutable(kind: Kind, before: Document, after: Document) -> None:
    for field in _SPECS[kind].immutable:
        if before.get(field) != after.get(field):
            raise Refused(f"spec.{field}: cannot be changed; create another {kind}")


def _merge(value: Mapping[str, Any], change: Mapping[str, Any]) -> Document:
    """Return JSON after a merge patch (RFC 7396)."""
    merged = dict(value)
    for key, part in change.items():
        if part is None:
            merged.pop(key, None)
        elif isinstance(part, Mapping):
            before = merged.get(key)
            merged[key] = _merge(before if isinstance(before, Mapping) else {}, part)
        else:
            merged[key] = part
    return merged


@contextlib.contextmanager
def _explained() -> Any:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the server's folder cannot be written: {error.strerror}") from error
