"""Whose identity a storage has, and which hosts its client reaches, wherever an answer or a name server leads it."""

import pathlib
import socket
from typing import Any, NoReturn

import pytest

from darkroom_api.endpoints import Reach
from darkroom_api.run_config import StorageAccess
from darkroom_storage import pools
from darkroom_storage.errors import (
    AddressForbidden,
    ObjectMissing,
    StorageMisconfigured,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.objects import Storage, open_storage
from darkroom_storage.stores import s3_client
from darkroom_trainer.runtime.storage_failures import explain_storage_error
from tests.local_storage import a_listing
from tests.support.storage.forbidden_hosts import lead_to_the_metadata_service

PAIR = {"AWS_ACCESS_KEY_ID": "mounted-id", "AWS_SECRET_ACCESS_KEY": "mounted-secret"}


def find_identity(access: StorageAccess, keys: dict[str, str]) -> str | None:
    """Return the key id that requests are signed with."""
    credentials = s3_client.connect(access, keys)._request_signer._credentials  # type: ignore[attr-defined]
    return credentials.access_key if credentials else None


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "environment-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")


@pytest.mark.usefixtures("_environment")
def test_a_run_on_a_cluster_has_the_mounted_keys_or_no_identity_and_a_local_one_its_users() -> None:
    assert find_identity(StorageAccess(), PAIR) == "mounted-id"
    assert find_identity(StorageAccess(), {}) is None
    assert find_identity(StorageAccess(service_account=True), {}) is None
    assert find_identity(StorageAccess(reach=a_listing()), {}) == "environment-id"


def test_a_service_accounts_identity_is_asked_for_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    asked = []
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/reader")
    (tmp_path / "token").write_text("token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))

    def ask(self: Any) -> None:
        asked.append(self.METHOD)

    monkeypatch.setattr("botocore.credentials.AssumeRoleWithWebIdentityProvider.load", ask)
    monkeypatch.setattr("botocore.credentials.InstanceMetadataProvider.load", ask)
    find_identity(StorageAccess(), {})
    assert asked == []
    find_identity(StorageAccess(service_account=True), {})
    assert set(asked) == {"assume-role-with-web-identity"}


@pytest.mark.parametrize(
    "endpoint", [None, "https://buckets.test", "http://listed.test:9000"], ids=["AWS", "an own service", "a listed one"]
)
def test_a_name_that_leads_to_the_metadata_service_is_not_connected_to(
    endpoint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_to_the_metadata_service(monkeypatch)
    access = StorageAccess(endpoint=endpoint, reach=a_listing("http://listed.test:9000", own_machine=False))
    with pytest.raises(AddressForbidden, match=r"s3://vision/a may not be read: its endpoint .* link-local"):
        Storage(access, {}).read_bytes("s3://vision/a")


def test_the_first_address_that_answers_is_used_and_it_is_one_that_was_checked(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, reached = int(s3_endpoint.rpartition(":")[2]), []

    def resolve(_host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port)) for name in ("10.0.0.1", "10.0.0.2")]

    def connect(address: tuple[str, int], *_: Any) -> socket.socket:
        reached.append(address[0])
        if address[0] == "10.0.0.1":
            raise ConnectionRefusedError
        made = socket.socket()
        made.connect(("127.0.0.1", port))
        return made

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(pools, "create_connection", connect)
    endpoint = f"http://s3.storage.svc:{port}"
    access = StorageAccess(endpoint=endpoint, reach=Reach(allowed_endpoints=(endpoint,)))
    with pytest.raises(ObjectMissing):  # said by the server
        Storage(access, PAIR).read_bytes("s3://vision/none")
    assert reached == ["10.0.0.1", "10.0.0.2"]


def test_a_service_that_is_down_is_still_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any) -> NoReturn:
        raise ConnectionRefusedError

    monkeypatch.setattr(pools, "create_connection", connect)
    access = StorageAccess(endpoint="http://10.0.0.1:9000", reach=Reach(allowed_endpoints=("http://10.0.0.1:9000",)))
    with pytest.raises(StorageUnreachable, match="EndpointConnectionError"):
        Storage(access, {}).read_bytes("s3://vision/a")


@pytest.mark.parametrize("endpoint", ["http://10.0.0.1:9000", "https://10.0.0.1", "https://me:hidden@buckets.test"])
def test_an_endpoint_is_refused_by_its_text(endpoint: str) -> None:
    with pytest.raises(AddressForbidden) as error:
        Storage(StorageAccess(endpoint=endpoint), {}).read_bytes("s3://vision/a")
    assert "hidden" not in str(error.value)


def test_an_endpoint_with_a_path_is_none_of_s3() -> None:
    access = StorageAccess(endpoint="https://account.example/container", reach=Reach(own_machine=True))
    with pytest.raises(StorageMisconfigured, match="has a path, which only accounts of Azure have"):
        Storage(access, {}).read_bytes("s3://vision/a")


@pytest.mark.parametrize("own_machine", [False, True], ids=["on a cluster", "on the user's machine"])
def test_a_key_with_a_line_end_is_named_and_not_shown(
    own_machine: bool, s3_endpoint: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = StorageAccess(endpoint=s3_endpoint, reach=a_listing(s3_endpoint, own_machine=own_machine))
    if own_machine:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-part\nhidden-rest")
    else:
        access = access.model_copy(update={"credentials_dir": str(tmp_path), "endpoint": None})
        (tmp_path / "AWS_ACCESS_KEY_ID").write_text("key\n")
        (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("hidden-part\nhidden-rest\n")
    with pytest.raises(StorageMisconfigured, match="AWS_SECRET_ACCESS_KEY holds a line end") as error:
        open_storage(access).read_bytes("s3://vision/a")
    assert "hidden" not in str(error.value)


def test_a_bucket_that_wants_a_key_says_what_to_set() -> None:
    refused = StorageRefused("s3://vision/a", "AccessDenied")
    assert "set storage.credentialsSecret or storage.serviceAccountName" in str(
        explain_storage_error(refused, StorageAccess())
    )
    assert "serviceAccountName" not in str(explain_storage_error(refused, StorageAccess(reach=a_listing())))
