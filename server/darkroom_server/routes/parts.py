"""What routes are built from. Must not do anything itself."""

from dataclasses import dataclass

from darkroom_server.auth.admission import Admission
from darkroom_server.backends.backend import Backend
from darkroom_server.config import ServerConfig
from darkroom_server.prediction.loaded import LoadedModels


@dataclass(frozen=True)
class Parts:
    """One of each, shared by all requests."""

    backend: Backend
    admission: Admission
    models: LoadedModels
    config: ServerConfig
