"""The resources of a run on this machine with their statuses, kept in `resources.yaml` as a cluster would keep them.

Owns identity (uid, creation time) and the file, written whole after every change. Must not do: decide a status.
"""

import pathlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import yaml

from darkroom_api import names
from darkroom_api.results import AnyStatus, start_status
from darkroom_storage import local_files
from darkroom_storage.secrets import hide_tree
from darkroom_trainer.local.config import Target, build_pictures, build_weights
from darkroom_trainer.local.manifests import KINDS, Manifest

FIRST_GENERATION: Final = 1
RESOURCES_NAME: Final = "resources.yaml"
ARTIFACTS_NAME: Final = "artifacts"

Document = dict[str, Any]


def read_clock() -> datetime:
    """Return now, in UTC."""
    return datetime.now(UTC)


@dataclass
class BoardEntry:
    """A resource and where it stands."""

    target: Target
    created_at: datetime
    status: AnyStatus
    generation: int = FIRST_GENERATION
    """Of its spec."""

    @property
    def manifest(self) -> Manifest:
        """Return what its user wrote."""
        return self.target.manifest

    @property
    def shown(self) -> str:
        """Return how lines and bars call it."""
        return f"{self.manifest.kind.name.lower()}/{self.manifest.name}"

    def to_document(self) -> Document:
        """Return the resource as an API server gives it, without the secrets that its user wrote into it."""
        created = {
            "creationTimestamp": f"{self.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "generation": self.generation,
            "name": self.manifest.name,
            "namespace": self.manifest.namespace,
            "uid": self.target.uid,
        }
        document: Document = hide_tree(
            {
                "apiVersion": names.API_VERSION,
                "kind": self.manifest.kind.name,
                "metadata": {**self.manifest.metadata, **created},
                "spec": self.manifest.raw_spec,
                "status": self.status.to_json(),
            }
        )
        return document


class Resources(Protocol):
    """Where a run on this machine finds resources and keeps their statuses."""

    def find(self, kind: str, namespace: str, name: str) -> BoardEntry | None:
        """Return a resource, None where there is none."""

    def keep(self, entry: BoardEntry) -> None:
        """Write the status of a resource, whole or not at all."""


class Board:
    """Every resource of one run."""

    def __init__(
        self,
        manifests: Sequence[Manifest],
        output: pathlib.Path,
        weights_folder: pathlib.Path | None = None,
        *,
        embedded_weights: bool = True,
        volumes: Mapping[str, pathlib.Path] | None = None,
        picture_folder: pathlib.Path | None = None,
    ) -> None:
        now, weights = read_clock(), build_weights(weights_folder, embedded=embedded_weights)
        pictures = build_pictures(picture_folder) if picture_folder is not None else None
        self.output = output
        order = list(KINDS)
        self.entries = [
            BoardEntry(
                Target(
                    manifest,
                    str(uuid.uuid4()),
                    find_artifacts(manifest, output),
                    weights,
                    volumes or {},
                    pictures=pictures,
                ),
                now,
                start_status(manifest.spec, FIRST_GENERATION, now),
            )
            for manifest in sorted(manifests, key=lambda manifest: order.index(manifest.kind.name))
        ]

    def find(self, kind: str, namespace: str, name: str) -> BoardEntry | None:
        """Return a resource, None where no manifest has it."""
        return next((entry for entry in self.entries if entry.manifest.key == (kind, namespace, name)), None)

    def to_documents(self) -> list[Document]:
        """Return all resources in the order in which they run: that of `KINDS`."""
        return [entry.to_document() for entry in self.entries]

    def keep(self, entry: BoardEntry) -> None:  # noqa: ARG002 - all of them are in one file
        """Write all resources."""
        self.write()

    def write(self) -> None:
        """Write `resources.yaml`, whole or not at all."""
        listing = {
            "apiVersion": "v1",
            "kind": "List",
            "items": self.to_documents(),
            "metadata": {"resourceVersion": ""},
        }
        text = yaml.safe_dump(listing, sort_keys=False, width=120, allow_unicode=True)
        uri = local_files.to_uri(self.output / RESOURCES_NAME)
        local_files.write_file(uri, text.encode(), if_absent=False)


def find_artifacts(manifest: Manifest, output: pathlib.Path) -> pathlib.Path:
    """Return the folder for the artifacts of a resource of a run into `output`."""
    base = output / ARTIFACTS_NAME
    if manifest.namespace != "default":
        base = base / manifest.namespace
    return base / f"{manifest.kind.name.lower()}-{manifest.name}"


def set_aside(output: pathlib.Path) -> pathlib.Path | None:
    """Move what an earlier run left in `output` into a folder of its own and return it: nothing is overwritten."""
    if not (output / RESOURCES_NAME).exists():
        return None
    left = [output / name for name in (RESOURCES_NAME, ARTIFACTS_NAME) if (output / name).exists()]
    place = output / "earlier" / f"{read_clock():%Y%m%dT%H%M%S.%fZ}"
    place.mkdir(parents=True)
    for path in left:
        path.rename(place / path.name)
    return place
