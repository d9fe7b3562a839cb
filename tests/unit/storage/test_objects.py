"""The same calls on a bucket (moto), a container (Azurite) and a folder, and what each failure is called."""

import errno
import pathlib
import socket
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_storage import disk, web
from darkroom_storage.errors import (
    AddressForbidden,
    BucketMissing,
    ObjectMissing,
    ObjectTooLarge,
    PreconditionFailed,
    StorageMisconfigured,
    StorageRefused,
    StorageUnreachable,
    display_uri,
)
from darkroom_storage.local_files import to_uri
from darkroom_storage.objects import Storage, open_storage
from darkroom_storage.stores import azure_blob, s3
from darkroom_trainer.runtime.storage_failures import explain_storage_error
from tests.unit.storage.conftest import Place


def test_what_is_written_is_read_listed_and_deleted(place: Place, tmp_path: pathlib.Path) -> None:
    storage, folder = place.storage, place.folder
    local = tmp_path / "local.bin"
    local.write_bytes(b"two")
    storage.write_bytes(f"{folder}/one.bin", b"one")
    storage.upload(local, f"{folder}/deep/two.bin")
    assert storage.list_uris(f"{folder}/") == [f"{folder}/deep/two.bin", f"{folder}/one.bin"]
    assert storage.list_uris(f"{folder}/on") == [f"{folder}/one.bin"]
    assert storage.read_bytes(f"{folder}/one.bin") == b"one"
    info = storage.fetch(f"{folder}/deep/two.bin", tmp_path / "fetched" / "two.bin")
    assert (tmp_path / "fetched" / "two.bin").read_bytes() == b"two"
    assert info == storage.stat(f"{folder}/deep/two.bin") == storage.read(f"{folder}/deep/two.bin").info
    assert info.size == 3
    storage.delete(f"{folder}/one.bin")
    storage.delete(f"{folder}/one.bin")
    assert storage.list_uris(f"{folder}/") == [f"{folder}/deep/two.bin"]


def test_a_listing_may_be_bounded_in_names_and_time(place: Place) -> None:
    storage, folder = place.storage, place.folder
    for number in range(3):
        storage.write_bytes(f"{folder}/{number}.bin", b"")
    listed = storage.list_some(f"{folder}/", most=2, seconds=60)
    assert len(listed) == 2
    assert set(listed) < set(storage.list_uris(f"{folder}/"))
    assert storage.list_some(f"{folder}/", most=2, seconds=0) == []


def test_a_listing_tells_sizes_and_comes_in_pages(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, folder = place.storage, place.folder
    monkeypatch.setattr(s3, "PAGE_OBJECTS", 2)
    monkeypatch.setattr(azure_blob, "PAGE_BLOBS", 2)
    names = [quote(name) if folder.startswith("file") else name for name in ("a b", "b #1%20+", "c/ä 李", "d", "e")]
    for size, name in enumerate(names):
        storage.write_bytes(f"{folder}/{name}", bytes(size))
    listed = sorted(storage.iterate_objects(f"{folder}/"), key=lambda found: found.size)
    assert [one.uri for one in listed] == [f"{folder}/{name}" for name in names]
    assert [one.size for one in listed] == [0, 1, 2, 3, 4]
    assert [one.etag for one in listed] in ([storage.stat(one.uri).etag for one in listed], [None] * 5)
    assert all(abs(one.modified_at - time.time()) < 600 for one in listed)
    assert [storage.find_size(one.uri) for one in listed] == [0, 1, 2, 3, 4]


def test_the_size_of_what_is_not_there_is_missing(place: Place) -> None:
    storage, folder = place.storage, place.folder
    with pytest.raises(ObjectMissing):
        storage.find_size(f"{folder}/none.png")


def test_a_folder_gives_the_etags_of_a_bucket(storage: Storage, tmp_path: pathlib.Path) -> None:
    uris = "s3://vision/etag.bin", to_uri(tmp_path / "etag.bin")
    for uri in uris:
        storage.write_bytes(uri, b"same bytes")
    assert storage.stat(uris[0]) == storage.stat(uris[1])


def test_writing_only_where_absent_takes_turns(place: Place) -> None:
    storage, folder = place.storage, place.folder
    storage.write_bytes(f"{folder}/epoch", b"1", if_absent=True)
    with pytest.raises(PreconditionFailed):
        storage.write_bytes(f"{folder}/epoch", b"2", if_absent=True)
    assert storage.read_bytes(f"{folder}/epoch") == b"1"
    storage.write_bytes(f"{folder}/epoch", b"3")
    assert storage.read_bytes(f"{folder}/epoch") == b"3"


CALLS: dict[str, Callable[[Storage, str, pathlib.Path], object]] = {
    "read": lambda storage, uri, _: storage.read_bytes(uri),
    "stat": lambda storage, uri, _: storage.stat(uri),
    "fetch": lambda storage, uri, path: storage.fetch(uri, path / "x"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_is_not_there_is_missing(
    call: Callable[[Storage, str, pathlib.Path], object], place: Place, tmp_path: pathlib.Path
) -> None:
    storage, folder = place.storage, place.folder
    with pytest.raises(ObjectMissing, match=r"none\.png does not exist"):
        call(storage, f"{folder}/none.png", tmp_path)
    assert not (tmp_path / "x").exists()


def test_a_missing_bucket_is_named(storage: Storage) -> None:
    with pytest.raises(BucketMissing, match="bucket no-such-bucket"):
        storage.read_bytes("s3://no-such-bucket/train.json")
    end = explain_storage_error(
        BucketMissing("s3://no-such-bucket/train.json", "bucket no-such-bucket"), storage.access
    )
    assert end.reason is Reason.DATASET_NOT_FOUND


def test_objects_above_the_limit_are_not_read(place: Place) -> None:
    storage, folder = place.storage, place.folder
    storage.write_bytes(f"{folder}/big", bytes(2000))
    assert len(storage.read(f"{folder}/big", limit_bytes=2000).data) == 2000
    with pytest.raises(ObjectTooLarge, match=r"big is too large"):
        storage.read(f"{folder}/big", limit_bytes=1999)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        pytest.param(
            "gs://bucket/key", "is no address that is read; use s3://BUCKET/KEY", id="another provider's scheme"
        ),
        pytest.param("s3:///key", "is not an s3://bucket/key address", id="no bucket"),
        pytest.param("s3://UPPER_case!/key", "the address is not valid", id="an impossible bucket name"),
    ],
)
def test_an_impossible_address_is_refused(uri: str, says: str, storage: Storage) -> None:
    with pytest.raises(StorageRefused, match=says):
        storage.read_bytes(uri)


def test_https_cannot_be_written(storage: Storage) -> None:
    with pytest.raises(StorageRefused, match="https:// can only be read"):
        storage.write_bytes("https://x.org/a", b"")


def a_closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_a_service_that_is_down_is_unreachable(access: StorageAccess) -> None:
    endpoint = f"http://127.0.0.1:{a_closed_port()}"
    down = open_storage(access.model_copy(update={"endpoint": endpoint}))
    with pytest.raises(
        StorageUnreachable, match=r"s3://vision/a could not be reached: EndpointConnectionError"
    ) as error:
        down.read_bytes("s3://vision/a")
    end = explain_storage_error(error.value, down.access)
    assert end.reason is Reason.STORAGE_UNAVAILABLE
    assert endpoint in end.message


def test_tokens_in_addresses_are_not_shown() -> None:
    assert display_uri("https://h/a.png?sig=SECRET") == "https://h/a.png"
    assert "SECRET" not in str(ObjectMissing("https://h/a.png?sig=SECRET"))
    assert display_uri("s3://b/odd?name") == "s3://b/odd?name"


def test_a_file_replaces_only_what_was_looked_at(place: Place, tmp_path: pathlib.Path) -> None:
    storage, folder = place.storage, place.folder
    local, uri = tmp_path / "local.bin", f"{folder}/model.bin"
    local.write_bytes(b"mine")
    assert storage.find_etag(uri) is None
    storage.replace(local, uri, None)
    seen = storage.find_etag(uri)
    with pytest.raises(PreconditionFailed):
        storage.replace(local, uri, None)
    storage.write_bytes(uri, b"another one's")
    with pytest.raises(PreconditionFailed):
        storage.replace(local, uri, seen)
    assert storage.read_bytes(uri) == b"another one's"
    storage.replace(local, uri, storage.find_etag(uri))
    assert storage.read_bytes(uri) == b"mine"


def test_a_disk_that_fills_while_an_object_is_fetched_is_not_the_storages_fault(
    storage: Storage, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.write_bytes("s3://vision/large", b"large")

    def fill(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("darkroom_storage.bodies.read_body", fill)
    with pytest.raises(OSError, match="No space left") as error:
        storage.fetch("s3://vision/large", tmp_path / "large")
    assert disk.is_full(error.value)


FILES: dict[str, Callable[[Storage, str, pathlib.Path], object]] = {
    **CALLS,
    "write": lambda storage, uri, _: storage.write_bytes(uri, b""),
    "upload": lambda storage, uri, path: storage.upload(path, uri),
    "replace": lambda storage, uri, path: storage.replace(path, uri, None),
    "list": lambda storage, uri, _: storage.list_uris(uri),
    "delete": lambda storage, uri, _: storage.delete(uri),
}


@pytest.mark.parametrize("call", FILES.values(), ids=FILES.keys())
def test_no_local_file_is_touched_unless_the_machine_is_the_users_own(
    call: Callable[[Storage, str, pathlib.Path], object], tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("hidden")
    for uri in (file.as_uri(), f"file:{file}"):
        with pytest.raises(AddressForbidden, match="only `darkroom run` can read"):
            call(Storage(StorageAccess(), {}), uri, tmp_path / "other")
    assert file.read_text() == "hidden"


def test_a_token_in_a_secret_opens_its_container(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def read(uri: str, **_: object) -> web.WebObject:
        asked.append(uri)
        return web.WebObject(b"", "")

    monkeypatch.setattr(web, "read_https", read)
    (tmp_path / "SAS_URL").write_text("https://h.test/fruit?sv=1&sig=x\n")
    storage = open_storage(StorageAccess(credentials_dir=str(tmp_path)))
    for uri in ("https://h.test/fruit/a.png", "https://h.test/other/a.png"):
        storage.read(uri)
    assert asked == ["https://h.test/fruit/a.png?sv=1&sig=x", "https://h.test/other/a.png"]


def test_a_token_that_is_none_is_refused_with_the_secrets_field(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "SAS_URL").write_text("sv=1&sig=hidden")
    with pytest.raises(
        StorageMisconfigured, match=r"storage.credentialsSecret of the Dataset: SAS_URL: it must be"
    ) as error:
        open_storage(StorageAccess(credentials_dir=str(folder)))
    assert "hidden" not in str(error.value)
