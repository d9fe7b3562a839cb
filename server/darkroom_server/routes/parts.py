"""What routes are built from. Must not do anything itself."""

from collections.abc import Callable
from dataclasses import dataclass

from darkroom_server.auth.admission import Admission
from darkroom_server.backends.backend import Backend
from darkroom_server.config import ServerConfig
from darkroom_server.http.room import Room
from darkroom_server.prediction.fetching import Fetcher
from darkroom_server.prediction.loaded import LoadedModels

CountPrediction = Callable[[str, str | None, int, float, int], None]
"""Takes the namespace, the Model where there is one, the status, the seconds and the bytes of one prediction."""


def count_nothing(namespace: str, model: str | None, code: int, seconds: float, num_bytes: int) -> None:
    """Count one prediction where nobody scrapes."""


@dataclass(frozen=True)
class Parts:
    """One of each, shared by all requests."""

    backend: Backend
    admission: Admission
    models: LoadedModels
    fetcher: Fetcher
    room: Room
    config: ServerConfig
    count_prediction: CountPrediction = count_nothing


def build_parts(
    backend: Backend, admission: Admission, config: ServerConfig, count_prediction: CountPrediction = count_nothing
) -> Parts:
    """Return the parts of a server with this configuration."""
    models = LoadedModels(backend, config.prediction)
    fetcher = Fetcher(config.fetching, config.bodies.image_bytes)
    room = Room(config.bodies.held_bytes)
    return Parts(backend, admission, models, fetcher, room, config, count_prediction)
