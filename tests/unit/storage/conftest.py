"""A folder of each storage that can be written, with a storage that opens it."""

import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from darkroom_storage.local_files import to_uri
from darkroom_storage.objects import Storage, open_storage

if TYPE_CHECKING:
    from tests.support.storage.azurite import Azurite


@dataclass(frozen=True)
class Place:
    """A folder of its own, and what opens it."""

    storage: Storage
    folder: str


def _open_s3(request: pytest.FixtureRequest, folder: pathlib.Path) -> Place:
    return Place(request.getfixturevalue("storage"), f"s3://vision/{folder.name}")


def _open_file(request: pytest.FixtureRequest, folder: pathlib.Path) -> Place:
    return Place(request.getfixturevalue("storage"), to_uri(folder / "a b"))


def _open_azure_by_key(request: pytest.FixtureRequest, folder: pathlib.Path) -> Place:
    server: Azurite = request.getfixturevalue("azurite")
    return Place(open_storage(server.mount(folder / "secret")), f"az://vision/{folder.name}/key")


def _open_azure_by_token(request: pytest.FixtureRequest, folder: pathlib.Path) -> Place:
    server: Azurite = request.getfixturevalue("azurite")
    access = server.mount(folder / "secret", sas_url=server.sign("vision", "rwdl"))
    return Place(open_storage(access), f"az://vision/{folder.name}/token")


PLACES: dict[str, Callable[[pytest.FixtureRequest, pathlib.Path], Place]] = {
    "a bucket": _open_s3,
    "a container by key": _open_azure_by_key,
    "a container by token": _open_azure_by_token,
    "local files": _open_file,
}


@pytest.fixture(params=PLACES.values(), ids=list(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    open_place: Callable[[pytest.FixtureRequest, pathlib.Path], Place] = request.param
    return open_place(request, tmp_path)
