"""Single calls to a container with the fault proxy before it: what passes is read as it is, what lasts is named."""

import contextlib
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from aiohttp import web

from darkroom_storage.errors import (
    ContainerMissing,
    PreconditionFailed,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.objects import ListedObject, Storage, open_storage, retry_storage
from darkroom_storage.stores import azure_blob, azure_client
from tests.faults.proxy import actions
from tests.faults.proxy.actions import Action
from tests.faults.proxy.exchange import Exchange
from tests.faults.proxy.mutations import Moment, Trap
from tests.faults.proxy.server import FaultProxy, Rule
from tests.support.storage.azurite import CONTAINER, Azurite

PART_BYTES: Final = 4096
DATA: Final = bytes(range(256)) * 40
"""Three parts."""
BUSY: Final = actions.answer_azure(503, "ServerBusy")


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (azure_client, azure_blob):
        monkeypatch.setattr(module, "PART_BYTES", PART_BYTES)


@pytest.fixture
def storage(disturbed: Azurite, tmp_path: pathlib.Path) -> Storage:
    return open_storage(disturbed.mount(tmp_path / "secret"))


@pytest.fixture
def uri(azurite: Azurite, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the address of a blob of three parts."""
    name = f"{tmp_path.name}/blob"
    with azurite.client.get_blob_client(CONTAINER, name) as blob:
        blob.upload_blob(DATA)
        yield f"az://{CONTAINER}/{name}"


@pytest.fixture
def folder(azurite: Azurite, tmp_path: pathlib.Path) -> str:
    """Return the address of a folder of five blobs."""
    with azurite.client.get_container_client(CONTAINER) as container:
        for number in range(5):
            container.upload_blob(f"{tmp_path.name}/in/{number}", b"1")
    return f"az://{CONTAINER}/{tmp_path.name}/in/"


FAULTS: Final[dict[str, tuple[Action, type[StorageError], str]]] = {
    "a service that is busy": (BUSY, StorageUnreachable, "503 ServerBusy"),
    "too many calls": (actions.answer_azure(429, "TooManyRequests"), StorageUnreachable, "429 TooManyRequests"),
    "a call that took too long": (
        actions.answer_azure(500, "OperationTimedOut"), StorageUnreachable, "500 OperationTimedOut",
    ),
    "a dropped connection": (actions.drop, StorageUnreachable, "RemoteDisconnected"),
    "a body that is cut": (actions.truncate, StorageUnreachable, "2,048 of 4,096 bytes came"),
    "a refusal": (actions.answer_azure(403, "AuthorizationFailure"), StorageRefused, "403 AuthorizationFailure"),
}  # fmt: skip


@pytest.mark.parametrize("skip", [0, 1], ids=["at its first part", "in its middle"])
@pytest.mark.parametrize(("fault", "kind", "said"), FAULTS.values(), ids=list(FAULTS))
def test_a_blob_is_read_whole_after_a_fault(
    storage: Storage, proxy: FaultProxy, uri: str, fault: Action, kind: type[StorageError], said: str, skip: int
) -> None:
    rule = proxy.add(Rule(fault, uri.rpartition("/")[2], "GET", skip=skip, times=2))
    with pytest.raises(kind) as error:
        storage.read_bytes(uri)
    assert said in str(error.value)
    assert retry_storage(lambda: storage.read_bytes(uri), 5, sleep=lambda _: None) == DATA
    assert rule.hits == 2


def change_before(data: bytes, azurite: Azurite, uri: str) -> Action:
    """Write another blob in the place of this one before the request is sent on."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        with azurite.client.get_blob_client(CONTAINER, uri.partition(f"{CONTAINER}/")[2]) as blob:
            blob.upload_blob(data, overwrite=True)
        return await exchange.relay()

    return act


READS: Final[dict[str, Callable[[Storage, str, pathlib.Path], bytes]]] = {
    "read": lambda storage, uri, _: storage.read_bytes(uri),
    "fetched": lambda storage, uri, path: (storage.fetch(uri, path), path.read_bytes())[1],
}


@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
def test_a_blob_that_changes_while_it_is_read_is_no_mixture_and_is_read_anew(
    storage: Storage,
    proxy: FaultProxy,
    azurite: Azurite,
    uri: str,
    tmp_path: pathlib.Path,
    read: Callable[[Storage, str, pathlib.Path], bytes],
) -> None:
    newer = DATA[::-1]
    proxy.add(Rule(change_before(newer, azurite, uri), uri.rpartition("/")[2], "GET", skip=1, times=1))
    with pytest.raises(StorageUnreachable, match="it changed while it was read"):
        read(storage, uri, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()
    assert retry_storage(lambda: read(storage, uri, tmp_path / "fetched")) == newer


def begin_with_token(disturbed: Azurite, secret: pathlib.Path, folder: str) -> tuple[Storage, Iterator[ListedObject]]:
    """Return a storage whose token has just expired, and a listing of which it has opened the first page."""
    for seconds in (3, 12, 60):  # a busy machine may take longer for the page than a token lasts
        ends_at = time.time() + seconds
        storage = open_storage(disturbed.mount(secret, sas_url=disturbed.sign(CONTAINER, hours=seconds / 3600)))
        listing = storage.iterate_objects(folder)
        with contextlib.suppress(StorageRefused):
            next(listing)
            time.sleep(max(ends_at + 1 - time.time(), 0))
            return storage, listing
    raise AssertionError("no page came while the token was good")


def test_a_token_that_expires_in_a_listing_says_when(
    disturbed: Azurite, folder: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_blob, "PAGE_BLOBS", 2)
    storage, listing = begin_with_token(disturbed, tmp_path / "secret", folder)
    assert next(listing).uri == f"{folder}1"
    for go_on in (lambda: next(listing), lambda: storage.read_bytes(f"{folder}0")):
        with pytest.raises(StorageRefused, match=r"its token expired at 20\d\d-.*; make a new one") as error:
            go_on()
        assert "sig=" not in str(error.value)


def test_a_container_that_is_deleted_meanwhile_is_named(
    azurite: Azurite, disturbed: Azurite, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_blob, "PAGE_BLOBS", 2)
    azurite.create_container("fleeting")
    with azurite.client.get_container_client("fleeting") as container:
        for name in "abc":
            container.upload_blob(name, b"1")
    storage = open_storage(disturbed.mount(tmp_path / "secret"))
    listing = storage.iterate_objects("az://fleeting/")
    next(listing)
    azurite.client.delete_container("fleeting")
    with pytest.raises(ContainerMissing, match="is in a container that does not exist: container fleeting"):
        list(listing)
    with pytest.raises(ContainerMissing):
        storage.write_bytes("az://fleeting/d", b"1")


def test_a_page_of_a_listing_is_asked_for_again_and_none_before_it(
    storage: Storage, proxy: FaultProxy, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_blob, "PAGE_BLOBS", 2)
    busy, passed = proxy.add(Rule(BUSY, "comp=list", skip=1, times=1)), Rule(actions.relay, "comp=list")
    proxy.add(passed)
    found = [one.uri for one in storage.iterate_objects(folder, patience_seconds=5)]
    assert found == [f"{folder}{number}" for number in range(5)]
    assert (busy.hits, passed.hits) == (1, 3)


def test_a_writer_that_dies_between_its_blocks_and_the_blob_leaves_the_blob_as_it_was(
    storage: Storage, proxy: FaultProxy, uri: str, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA[::-1])
    for number, moment in ((2, Moment.AFTER), (4, Moment.BEFORE)):
        proxy.mutations.trap = Trap("blob", number, moment, kill=lambda: None)
        with pytest.raises(StorageUnreachable):
            storage.upload(file, uri)
        assert proxy.mutations.trap.sprung is not None
        assert storage.read_bytes(uri) == DATA
    seen = storage.find_etag(uri)
    proxy.mutations.trap = Trap("blob", 4, Moment.AFTER, kill=lambda: None)
    with pytest.raises(StorageUnreachable):
        storage.replace(file, uri, seen)
    assert storage.read_bytes(uri) == DATA[::-1], "committed, and its answer lost"
    with pytest.raises(PreconditionFailed):
        storage.replace(file, uri, seen)
