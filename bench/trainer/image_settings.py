"""The settings of the trainer's image that a run outside it lacks.

Owns reading them from the Containerfile, so that a bench measures what a pod computes. Must not know what is measured.
"""

import pathlib
import re
from typing import Final

import darkroom_trainer

CONTAINERFILE: Final = pathlib.Path(darkroom_trainer.__file__).parents[1] / "Containerfile"


def read_allocator_settings() -> dict[str, str]:
    """Return the environment that tells glibc to keep freed memory; it counts from the start of a process on."""
    settings = dict(re.findall(r"\b(MALLOC_\w+)=(\d+)", CONTAINERFILE.read_text()))
    assert settings, f"{CONTAINERFILE} sets no MALLOC_..."
    return settings
