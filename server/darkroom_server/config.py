"""How the server runs: its limits and what an administrator allows.

Owns the values and their defaults. Must not read files or the environment.
"""

import os
from dataclasses import dataclass, field
from typing import Final

MIB: Final = 1 << 20
MAX_IMAGE_BYTES: Final = 20_971_520
"""The replaced service's own limit of one image."""


@dataclass(frozen=True)
class BodyLimits:
    """What a request's body may hold, and how long it may take to come."""

    image_bytes: int = MAX_IMAGE_BYTES
    json_bytes: int = 8 * MIB
    """A planogram of thousands of positions, with the detections beside it, takes a few."""
    seconds: float = 30.0


@dataclass(frozen=True)
class PredictionLimits:
    """How much is computed at once, and how much may wait."""

    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    max_waiting: int = 64
    memory_bytes: int = 2048 * MIB
    """Of loaded models, as the sizes of their files."""


@dataclass(frozen=True)
class FetchLimits:
    """What is fetched for a caller, from where."""

    allowed_prefixes: tuple[str, ...] = ()
    """Addresses at private or loopback hosts that may be fetched all the same."""
    at_once: int = 4
    seconds: float = 10.0
    redirects: int = 3


@dataclass(frozen=True)
class ServerConfig:
    """All of it."""

    bodies: BodyLimits = BodyLimits()
    prediction: PredictionLimits = field(default_factory=PredictionLimits)
    fetching: FetchLimits = FetchLimits()
