"""The folder in which `darkroom serve --local` and its worker keep resources: who writes which file of it.

    resources/UID/resource.json    the resource without its status, by the server; the folder goes when it is deleted
                                   (one that begins with a dot is not there yet, or no more)
    resources/UID/status.json      its status, by the worker
    resources/UID/run.json         what its run was told at its first attempt, by the worker
    artifacts/KINDs/NAME-UID/      what its run published, by the worker
    secrets/NAMESPACE/NAME/KEY     tokens, by the server
    runs/NAMESPACE/                product-recognition runs, by the server
    work/                          what a run needs while it works, by the worker
    worker.lock, worker.log        by the worker

The server writes a line to the worker's standard input after each change, and holds it open for as long as it lives.

Owns the names, and that a file is written whole or not at all. Must not know what the files say.
"""

import contextlib
import json
import os
import pathlib
import tempfile
from typing import Any, Final

RESOURCES: Final = "resources"
ARTIFACTS: Final = "artifacts"
SECRETS: Final = "secrets"
RUNS: Final = "runs"
WORK: Final = "work"
RESOURCE_FILE: Final = "resource.json"
STATUS_FILE: Final = "status.json"
RUN_FILE: Final = "run.json"
LOCK_FILE: Final = "worker.lock"
LOG_FILE: Final = "worker.log"


def write_json(path: pathlib.Path, value: Any) -> None:
    """Write a file that a loss of power leaves whole, old or new; FileNotFoundError where its folder is gone."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise


def read_json(path: pathlib.Path) -> Any:
    """Return what a file holds, None where there is none; ValueError where it is no JSON."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
