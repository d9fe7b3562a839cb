"""Builders of the folder that a local server and its worker share."""

import json
import pathlib
from datetime import UTC, datetime, timedelta
from typing import Any

from darkroom_storage.state_folder import RESOURCE_FILE, RESOURCES, write_json
from darkroom_trainer.local.serving.state_folder import StateFolder
from tests.unit.trainer.run_builders import Document

FIRST = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


def put(root: pathlib.Path, document: Document, *, generation: int = 1, age_seconds: float = 0.0) -> str:
    """Write a resource as the server would and return its uid, which is made of its kind and name."""
    name = document["metadata"]["name"]
    uid = f"{document['kind'].lower()}-{name}"
    folder = root / RESOURCES / uid
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {
        "name": name,
        "namespace": "default",
        "uid": uid,
        "generation": generation,
        "creationTimestamp": (FIRST + timedelta(seconds=age_seconds)).isoformat(),
    }
    write_json(folder / RESOURCE_FILE, {**document, "metadata": metadata})
    return uid


def read_status(root: pathlib.Path, uid: str) -> dict[str, Any]:
    """Return the status that the worker wrote."""
    found: dict[str, Any] = json.loads((root / RESOURCES / uid / "status.json").read_text())
    return found


def read_state(root: pathlib.Path) -> StateFolder:
    """Return the folder, read."""
    state = StateFolder(root)
    state.read()
    return state
