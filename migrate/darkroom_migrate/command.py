"""`darkroom migrate custom-vision`: its key, its last words and its exit code.

Owns what a person sees of it. The key comes from a file or the environment: every user of a machine sees arguments.
"""

import os
import pathlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_api.endpoints import Reach, list_endpoints
from darkroom_api.run_config import StorageAccess
from darkroom_migrate.calls import Caller
from darkroom_migrate.errors import MigrationError
from darkroom_migrate.labels import Use
from darkroom_migrate.migration import Migrated, Target, migrate_project
from darkroom_migrate.training_api import TrainingApi, find_base
from darkroom_storage import certificates, secrets
from darkroom_storage.errors import StorageError, StorageMisconfigured
from darkroom_storage.local_files import to_path
from darkroom_storage.objects import find_root, open_storage

KEY_VARIABLE: Final = "VISION_TRAINING_KEY"
"""What the service's own samples read."""
_API_PATIENCE_SECONDS: Final = 300.0
_IMAGE_PATIENCE_SECONDS: Final = 60.0
_MAX_KEY_BYTES: Final = 4096


@dataclass(frozen=True)
class Order:
    """The arguments of the command."""

    endpoint: str
    project: str
    to: str
    key_file: pathlib.Path | None = None
    allowed_urls: Sequence[str] = ()
    storage_endpoint: str | None = None


def run_migrate(order: Order) -> int:
    """Copy a project and say what was done; returns 0, or 1 after saying what is missing and why."""
    try:
        migrated = _migrate(order)
    except (MigrationError, StorageError, StorageMisconfigured) as error:
        _say(f"darkroom migrate: {error}")
        return 1
    _tell(migrated, find_root(order.to))
    return 1 if migrated.failures else 0


def _migrate(order: Order) -> Migrated:
    base = find_base(order.endpoint)
    key = _read_key(order.key_file)
    # This is its user's own machine: the hosts that the user names may be anywhere.
    reach = Reach(allowed_endpoints=_list_endpoints([base, *order.allowed_urls]), own_machine=True)
    access = StorageAccess(endpoint=order.storage_endpoint, reach=Reach(own_machine=True))
    context = certificates.build_context(certificates.read_authorities(access))
    target = Target(open_storage(access), find_root(order.to), order.storage_endpoint)
    api = TrainingApi(base, key, Caller(reach, context, _API_PATIENCE_SECONDS))
    return migrate_project(api, Caller(reach, context, _IMAGE_PATIENCE_SECONDS), order.project, target, _say)


def _list_endpoints(urls: Sequence[str]) -> tuple[str, ...]:
    found = list_endpoints(urls)
    if len(found) < len(set(urls)) and (wrong := next((url for url in urls if not list_endpoints([url])), None)):
        raise MigrationError(f"--allow-url {wrong!r}: give an address, as https://HOST or https://HOST:PORT")
    return found


def _read_key(path: pathlib.Path | None) -> str:
    """Return the training key; MigrationError, without a word of it, where there is none that a header can hold."""
    where = f"--key-file {path}" if path is not None else KEY_VARIABLE
    try:
        text = os.environ.get(KEY_VARIABLE, "") if path is None else _read_start(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise MigrationError(f"{where}: the training key cannot be read ({reason})") from error
    key = text.strip()
    if not key:
        raise MigrationError(f"{where}: there is no training key; give it as --key-file, or in {KEY_VARIABLE}")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise MigrationError(f"{where}: it holds a line end, a blank or another character that no key has")
    secrets.remember([key])
    return key


def _read_start(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_KEY_BYTES).decode()


def _tell(migrated: Migrated, root: str) -> None:
    training, unlabelled, left_out = (migrated.images[use] for use in Use)
    folder = str(to_path(root)) if root.startswith("file:") else root
    print(f"project {migrated.project.name!r}: {migrated.copied:,} images copied to {folder}")
    print(f"train.json: {training:,} images, {migrated.kind}; unlabelled.json: {unlabelled:,} images")
    if left_out:
        print(f"left out for having the Negative tag only: {left_out:,}")
    _list("not taken as they are", migrated.remarks)
    _list("not copied; the same command tries again", [str(failure) for failure in migrated.failures])
    if folder == root:
        print(f"next: look through {root}/dataset.yaml and {root}/model.yaml, and apply them")
    else:
        print(f"next: darkroom run -f {folder}/dataset.yaml -f {folder}/model.yaml --output OUT")


def _list(what: str, lines: Sequence[str]) -> None:
    if lines:
        _say(f"{what}: {len(lines):,}")
    for line in lines:
        _say(f"  {line}")


def _say(text: str) -> None:
    """Say a line, of which strangers may have written a part: no secret, and nothing that a terminal obeys."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in secrets.hide(text))
    print(shown, file=sys.stderr)
