"""What routes are built from. Must not do anything itself."""

from dataclasses import dataclass

from darkroom_server.auth.admission import Admission
from darkroom_server.backends.backend import Backend
from darkroom_server.config import ServerConfig
from darkroom_server.http.room import Room
from darkroom_server.prediction.fetching import Fetcher
from darkroom_server.prediction.loaded import LoadedModels
from darkroom_server.prediction.workers import Workers
from darkroom_server.runs.recognizer import Recognizer
from darkroom_server.runs.runner import CountPrediction, RunRunner
from darkroom_server.runs.store import RunStore


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
    recognizer: Recognizer
    runs: RunRunner
    shelf_workers: Workers
    config: ServerConfig
    count_prediction: CountPrediction = count_nothing


def build_parts(
    backend: Backend, admission: Admission, config: ServerConfig, count_prediction: CountPrediction = count_nothing
) -> Parts:
    """Return the parts of a server with this configuration."""
    models = LoadedModels(backend, config.prediction)
    fetcher = Fetcher(config.fetching, config.bodies.image_bytes)
    room = Room(config.bodies.held_bytes)
    recognizer = Recognizer(backend, models, config.runs)
    runs = RunRunner(
        RunStore(backend.open_runs), recognizer, models, room, config.runs, config.bodies.image_bytes, count_prediction
    )
    shelf_workers = Workers(config.shelf.threads, config.shelf.max_waiting, "shelf")
    return Parts(backend, admission, models, fetcher, room, recognizer, runs, shelf_workers, config, count_prediction)
