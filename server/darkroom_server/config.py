"""How the server runs: its limits and what an administrator allows.

Owns the values and their defaults. Must not read files or the environment.
"""

import os
import pathlib
from dataclasses import dataclass, field
from typing import Final

from darkroom_api.endpoints import Reach
from darkroom_api.v1alpha1.common import Storage

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
    held_bytes: int = 512 * MIB
    """Of all requests at work: with 64 that wait, images of the largest size would take gigabytes."""


@dataclass(frozen=True)
class PredictionLimits:
    """How much is computed at once, and how much may wait."""

    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    max_waiting: int = 64
    memory_bytes: int = 2048 * MIB
    """Of loaded models, as the sizes of their files."""


@dataclass(frozen=True)
class ShelfLimits:
    """How many planograms are matched and photos composed at once, and how many may wait."""

    threads: int = 1
    """A photo of the largest size takes 600 MB while it is rectified, and joined ones up to 1.5 GB."""
    max_waiting: int = 16


@dataclass(frozen=True)
class FetchLimits:
    """What is fetched for a caller, from where."""

    allowed_prefixes: tuple[str, ...] = ()
    """Addresses at private or loopback hosts that may be fetched all the same."""
    at_once: int = 4
    seconds: float = 10.0
    redirects: int = 3


@dataclass(frozen=True)
class PrefixMapping:
    """Replaces the beginning of addresses in requests, such as those of the storage that data has moved from."""

    from_prefix: str
    to_prefix: str
    storage: Storage | None = None
    """How what lies below `to_prefix` is reached."""


@dataclass(frozen=True)
class AnnotationRules:
    """Which addresses of annotation files are taken, and how they are reached."""

    mappings: tuple[PrefixMapping, ...] = ()
    storage: Storage | None = None
    """The installation's own credentials, for a Dataset of kind `managedIdentity`."""
    folders: tuple[pathlib.Path, ...] = ()
    """Of this machine, below which files may be read; none on a cluster."""
    own_folders: tuple[pathlib.Path, ...] = ()
    """The server's own, with its key and its tokens: nothing below them may be read, wherever they are."""
    reach: Reach | None = None
    """Which hosts may be named; None where whoever runs the trainings checks it."""


@dataclass(frozen=True)
class RunLimits:
    """Product-recognition runs: how many are kept for each namespace, for how long, who answers the built-in name.

    The oldest that have ended go first.
    """

    most_kept: int = 1000
    kept_seconds: float = 7 * 86_400
    built_in: tuple[str, str] | None = None
    """Namespace and name of the Model behind the retired service's own."""
    most_waiting: int = 200
    """Of those that have not ended: images are kept of them, also while their Model cannot be reached."""


@dataclass(frozen=True)
class ServerConfig:
    """All of it."""

    bodies: BodyLimits = BodyLimits()
    prediction: PredictionLimits = field(default_factory=PredictionLimits)
    shelf: ShelfLimits = ShelfLimits()
    fetching: FetchLimits = FetchLimits()
    annotations: AnnotationRules = AnnotationRules()
    runs: RunLimits = RunLimits()
