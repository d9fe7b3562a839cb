"""What a container of Azure Blob answers, and what its user is told: against Azurite."""

import base64
import pathlib
from collections.abc import Callable

import pytest

from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import (
    AddressForbidden,
    CertificateRefused,
    ContainerMissing,
    ObjectMissing,
    PreconditionFailed,
    StorageError,
    StorageMisconfigured,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.objects import Storage, open_storage
from darkroom_storage.stores import azure_blob
from tests.local_storage import a_listing
from tests.support.storage.azurite import Azurite
from tests.support.storage.forbidden_hosts import lead_to_the_metadata_service


@pytest.fixture
def opened(azurite: Azurite, tmp_path: pathlib.Path) -> Callable[..., Storage]:
    """Return what opens a storage with a token of the container that has these permissions and times."""

    def open_by_token(permissions: str, **times: float) -> Storage:
        return open_storage(azurite.mount(tmp_path / "dataset", sas_url=azurite.sign("vision", permissions, **times)))

    return open_by_token


CALLS: dict[str, tuple[Callable[[Storage, str], object], str, str]] = {
    "read": (lambda storage, uri: storage.read_bytes(uri), "l", "read"),
    "stat": (lambda storage, uri: storage.stat(uri), "l", "read"),
    "list": (lambda storage, uri: storage.list_uris(uri), "r", "list"),
    "write": (lambda storage, uri: storage.write_bytes(uri, b"1"), "rl", "write"),
    "delete": (lambda storage, uri: storage.delete(uri), "rl", "delete"),
}


@pytest.mark.parametrize(("call", "permissions", "lacking"), CALLS.values(), ids=list(CALLS))
def test_a_token_that_lacks_a_permission_is_told_which(
    call: Callable[[Storage, str], object], permissions: str, lacking: str, opened: Callable[..., Storage]
) -> None:
    with pytest.raises(StorageRefused, match=f"lacks the permission to {lacking} .its sp={permissions} has no"):
        call(opened(permissions), "az://vision/a")


def test_a_token_that_expired_is_told_when(opened: Callable[..., Storage]) -> None:
    with pytest.raises(StorageRefused, match=r"its token expired at 20\d\d-\d\d-\d\dT"):
        opened("rl", hours=-0.5).read_bytes("az://vision/a")
    with pytest.raises(StorageRefused, match=r"its token is valid from 20\d\d-\d\d-\d\dT.*Z on"):
        opened("rl", starts_in_hours=0.5).read_bytes("az://vision/a")


def test_an_https_address_with_a_token_that_expired_is_told_when(opened: Callable[..., Storage]) -> None:
    storage = opened("r", hours=-0.5)
    address = f"https://127.0.0.1:{find_port(storage)}/darkroomtests/vision/a"
    with pytest.raises(StorageRefused, match=r"403 .*; its token expired at 20"):
        storage.read_bytes(address)


def find_port(storage: Storage) -> int:
    return int(storage.access.reach.allowed_endpoints[0].rpartition(":")[2])


def test_a_missing_container_is_named(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    storage = open_storage(azurite.mount(tmp_path / "output"))
    for call, _, _ in CALLS.values():
        with pytest.raises(ContainerMissing, match="is in a container that does not exist: container none"):
            call(storage, "az://none/a")


def test_what_is_not_public_is_asked_for_with_a_key(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    access = azurite.mount(tmp_path / "dataset").model_copy(update={"credentials_dir": None})
    storage = Storage(access, {}, azurite.certificate.read_text())
    with pytest.raises(StorageRefused, match="it is not public: give AZURE_STORAGE_KEY, or the URL"):
        storage.read_bytes("az://vision/a")


def test_a_key_of_another_account_is_refused_and_not_shown(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    wrong = base64.b64encode(b"another account's key, of no account").decode()
    access = azurite.mount(tmp_path / "dataset")
    (tmp_path / "dataset/AZURE_STORAGE_KEY").write_text(wrong)
    with pytest.raises(StorageRefused, match="check AZURE_STORAGE_KEY, the name of the account") as error:
        open_storage(access).read_bytes("az://vision/a")
    assert wrong not in str(error.value)


@pytest.mark.parametrize(
    ("uri", "kind", "says"),
    [
        pytest.param("az://Vision!/a", StorageRefused, "not an az://container/path address", id="an impossible name"),
        pytest.param("az:///a", StorageRefused, "not an az://container/path address", id="no container"),
        pytest.param("az://vision/../other/a", StorageRefused, "leads out of its container", id="a way out"),
        pytest.param("az://vision/", ObjectMissing, "it is a container", id="a container"),
    ],
)
def test_an_impossible_address_is_refused(
    uri: str, kind: type[StorageError], says: str, opened: Callable[..., Storage]
) -> None:
    with pytest.raises(kind, match=says):
        opened("r").read_bytes(uri)


def test_a_large_file_is_written_in_blocks_and_two_writers_never_mix(
    azurite: Azurite, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure_blob, "PART_BYTES", 4)
    storage, uri = open_storage(azurite.mount(tmp_path / "output")), f"az://vision/{tmp_path.name}/model"
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    storage.replace(file, uri, None)
    assert storage.read_bytes(uri) == b"0123456789"
    seen = storage.find_etag(uri)
    storage.write_bytes(uri, b"other")
    with pytest.raises(PreconditionFailed):
        storage.replace(file, uri, seen)
    assert storage.read_bytes(uri) == b"other"


def test_a_large_blob_is_fetched_in_parts(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    storage, uri = open_storage(azurite.mount(tmp_path / "output")), f"az://vision/{tmp_path.name}/large"
    data = bytes(range(256)) * (9 << 12)  # 9 MiB
    storage.write_bytes(uri, data)
    info = storage.fetch(uri, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == data == storage.read_bytes(uri)
    assert info == storage.stat(uri)


def test_a_blob_that_stands_for_a_folder_is_not_listed(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    folder = f"{tmp_path.name}/in"
    with azurite.client.get_container_client("vision") as container:
        container.upload_blob(f"{folder}/pears", b"", metadata={"hdi_isfolder": "true"})
        container.upload_blob(f"{folder}/pears/1", b"1", metadata={"of": "May"})
        container.upload_blob(f"{folder}/apples", b"")
    found = open_storage(azurite.mount(tmp_path / "secret")).list_uris(f"az://vision/{folder}/")
    assert found == [f"az://vision/{folder}/apples", f"az://vision/{folder}/pears/1"]


def test_a_certificate_that_is_not_trusted_is_refused(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    access = azurite.mount(tmp_path / "dataset")
    (tmp_path / "dataset/ca.crt").unlink()
    with pytest.raises(CertificateRefused, match=r"give its authority as key ca\.crt"):
        open_storage(access).read_bytes("az://vision/a")


def test_a_token_of_another_container_is_told_apart(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    access = azurite.mount(tmp_path / "dataset", sas_url=azurite.sign("vision"))
    with pytest.raises(StorageMisconfigured, match=r"nothing says which account has az://other; set storage\.endpoint"):
        open_storage(access).read_bytes("az://other/a")
    named = access.model_copy(update={"endpoint": azurite.endpoint})
    with pytest.raises(StorageMisconfigured, match=r"SAS_URL opens https://.*/vision/, not https://.*/other/"):
        open_storage(named).read_bytes("az://other/a")


def test_a_key_that_is_none_is_named_and_not_shown(azurite: Azurite, tmp_path: pathlib.Path) -> None:
    access = azurite.mount(tmp_path / "dataset")
    (tmp_path / "dataset/AZURE_STORAGE_KEY").write_text("AccountKey=hidden-one;")
    with pytest.raises(StorageMisconfigured, match=r"of the Dataset: AZURE_STORAGE_KEY is not the key") as error:
        open_storage(access).read_bytes("az://vision/a")
    assert "hidden-one" not in str(error.value)


def test_a_service_that_is_down_is_unreachable_without_its_token() -> None:
    keys = {"SAS_URL": "https://127.0.0.1:9/vision?sv=2021-12-02&sp=rl&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"}
    storage = Storage(StorageAccess(reach=a_listing()), keys)
    with pytest.raises(StorageUnreachable, match="az://vision/a could not be reached: NewConnectionError") as error:
        storage.read_bytes("az://vision/a")
    assert "c2VjcmV0" not in str(error.value)


@pytest.mark.parametrize("endpoint", ["https://account.blob.test", "http://listed.test:10000/account"])
def test_a_name_that_leads_to_the_metadata_service_is_not_connected_to(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_to_the_metadata_service(monkeypatch)
    access = StorageAccess(endpoint=endpoint, reach=a_listing("http://listed.test:10000", own_machine=False))
    with pytest.raises(AddressForbidden, match=r"az://vision/a may not be read: its endpoint .* link-local"):
        Storage(access, {}).read_bytes("az://vision/a")


@pytest.mark.parametrize(
    "endpoint", ["http://10.0.0.1:10000/account", "https://10.0.0.1", "https://me:hidden@blob.test"]
)
def test_an_endpoint_is_refused_by_its_text(endpoint: str) -> None:
    with pytest.raises(AddressForbidden) as error:
        Storage(StorageAccess(endpoint=endpoint), {}).read_bytes("az://vision/a")
    assert "hidden" not in str(error.value)
