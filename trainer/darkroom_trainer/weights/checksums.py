"""Whether a file of weights is the one that was meant: its SHA-256 beside the sum that came with it.

Owns the two forms of sums, `NAME.sha256` and `SHA256SUMS`, which `sha256sum` writes. Must not fetch anything.
"""

import hashlib
import pathlib
import re
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_trainer.runtime.errors import RunError

SUMS_FILE: Final = "SHA256SUMS"
SUM_ENDING: Final = ".sha256"
MAX_SUMS_BYTES: Final = 1 << 20
_LINE: Final = re.compile(r"^\\?([0-9a-fA-F]{64})(?:[ \t]+\*?(.+))?$")


def compute_sum(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_sum_files(file: str) -> list[str]:
    """Return where the sum of `file` may be, nearest first; names are relative to the folder of weights."""
    parents = [str(parent) for parent in pathlib.PurePosixPath(file).parents]
    return [file + SUM_ENDING, *(SUMS_FILE if parent == "." else f"{parent}/{SUMS_FILE}" for parent in parents)]


def read_sum(text: str, sum_file: str, file: str) -> str | None:
    """Return the sum that a file of sums has for `file`, None where it lists others only.

    Raises RunError(InvalidConfiguration) for a `.sha256` file that holds no sum.
    """
    if sum_file.endswith(SUM_ENDING):
        found = _LINE.match(text.strip().partition("\n")[0].strip())
        if found is None:
            raise RunError(Reason.INVALID_CONFIGURATION, f"weights: {sum_file} holds no SHA-256; write it again")
        return found[1].lower()
    folder = pathlib.PurePosixPath(sum_file).parent
    for line in text.splitlines():
        found = _LINE.match(line.strip())
        if found is not None and found[2] is not None and str(folder / found[2].strip()) == file:
            return found[1].lower()
    return None


def check_sum(shown: str, actual: str, expected: str, said_by: str) -> None:
    """Raise RunError(InvalidConfiguration) naming both sums where they differ."""
    if actual != expected:
        raise RunError(
            Reason.INVALID_CONFIGURATION,
            f"weights: {shown} has SHA-256 {actual}, but {said_by} says {expected}; "
            "it is damaged or another file: fetch it again, or fix the sum",
        )
