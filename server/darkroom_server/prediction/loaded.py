"""Models that are loaded. Must not know HTTP routes."""

from darkroom_server.backends.backend import Backend
from darkroom_server.config import PredictionLimits


class LoadedModels:
    """Loads models on first use and keeps them."""

    def __init__(self, backend: Backend, limits: PredictionLimits) -> None:
        self._backend = backend
        self._limits = limits
