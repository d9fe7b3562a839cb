"""The Model behind a name of a request: by its REST name, or by the digest of its files.

Owns which Models can answer. Must not know HTTP routes.
"""

import re
from typing import Final

from darkroom_api.conditions import RunPhase
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_server.backends.backend import Backend, Refused, Stored, Unavailable
from darkroom_server.prediction.failures import ModelAway, ModelMissing, ModelUnfinished, ModelUnfit
from darkroom_server.resources.lookup import find_resource
from darkroom_server.resources.names import find_rest_name

_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


async def find_model(backend: Backend, namespace: str, name: str) -> Stored:
    """Return the Model of this name or digest; raises ModelMissing, ModelUnfit and ModelAway."""
    found = await look_up(backend, namespace, name)
    if found is None:
        raise ModelMissing(f"there is no Model {name[:80]!r}; check the name, and which namespace the key is for")
    return found


async def look_up(backend: Backend, namespace: str, name: str) -> Stored | None:
    """Return the Model of this name or digest, None where there is none; raises ModelUnfit and ModelAway."""
    try:
        return await _look_up(backend, namespace, name)
    except Refused as problem:
        raise ModelUnfit(f"Model {name[:80]!r} cannot be read: {problem}") from problem
    except Unavailable as problem:
        raise ModelAway(str(problem)) from problem


async def _look_up(backend: Backend, namespace: str, name: str) -> Stored | None:
    if _DIGEST.fullmatch(name):
        models = await backend.list_all("Model", namespace)
        return next((model for model in models if _read_digest(model) == name), None)
    return await find_resource(backend, "Model", namespace, name) if _NAME.fullmatch(name) else None


def _read_digest(model: Stored) -> str | None:
    assert isinstance(model.status, ModelStatus)
    return model.status.artifacts.digest if model.status.artifacts else None


def check_finished(model: Stored) -> None:
    """Raise ModelUnfinished, which says what the Model does instead, unless it has succeeded."""
    status = model.status
    assert isinstance(status, ModelStatus)
    if status.phase is RunPhase.SUCCEEDED:
        return
    reason = f" ({status.reason.value})" if status.reason else ""
    said = f": {status.message}" if status.message else ""
    raise ModelUnfinished(f"Model {find_rest_name(model)} cannot answer, it is {status.phase.value}{reason}{said}")
