"""`artifacts.json`: the list of a finished result's files, by which a copy of them is checked.

Owns the list's form and digest. Must not know storage or what the files mean; needs no more than Python.
"""

import hashlib
import json
import pathlib
from dataclasses import dataclass
from typing import Any, Final

from darkroom_predict.errors import ModelUnusable

LIST_NAME: Final = "artifacts.json"


@dataclass(frozen=True)
class FileList:
    """`artifacts.json`: each file's SHA-256 and size, and the digest of the list itself as `sha256:...`."""

    files: dict[str, dict[str, Any]]
    digest: str


def build_list(folder: pathlib.Path, names: list[str]) -> str:
    """Return the text of `artifacts.json` for files of `folder`."""
    files = {
        name: {
            "sha256": _hash(folder / name),
            "size": (folder / name).stat().st_size,
        }
        for name in sorted(names)
    }
    return json.dumps({"files": files}, indent=1) + "\n"


def _hash(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file, which may be larger than memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_list(text: bytes) -> FileList:
    """Return the list in `text`; raises ValueError where it is none."""
    files = json.loads(text)["files"]
    return FileList(files, f"sha256:{hashlib.sha256(text).hexdigest()}")


def check_files(folder: pathlib.Path, names: list[str]) -> FileList:
    """Return the list of a local folder after checking the named files; raises ModelUnusable."""
    try:
        found = read_list((folder / LIST_NAME).read_bytes())
        for name in names:
            if _hash(folder / name) != found.files[name]["sha256"]:
                raise ValueError(f"{name} is not the file that {LIST_NAME} lists (its SHA-256 differs)")
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"model: {folder} holds no usable model: {describe_error(error)}"
        raise ModelUnusable(message) from error
    return found


def describe_error(error: Exception) -> str:
    """Return an error in words, without the numbers of the operating system."""
    if isinstance(error, OSError) and error.strerror:
        return f"{pathlib.Path(str(error.filename)).name}: {error.strerror}"
    return f"no entry {error}" if isinstance(error, KeyError) else str(error)
