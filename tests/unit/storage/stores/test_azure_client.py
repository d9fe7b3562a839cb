"""Which account holds a container, by the settings of a storage."""

import pytest

from darkroom_api.endpoints import Reach
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import StorageMisconfigured
from darkroom_storage.objects import Storage
from darkroom_storage.stores.azure_client import find_account_name, find_account_url
from darkroom_storage.tokens import ContainerToken

CONTAINER = ContainerToken("https://token.blob.core.windows.net/vision/", "sig=x")
ACCOUNT = ContainerToken("https://token.blob.core.windows.net/", "sig=x")
NAMED = {"AZURE_STORAGE_ACCOUNT": "named"}


@pytest.mark.parametrize(
    ("endpoint", "keys", "token", "url"),
    [
        pytest.param("http://azurite:10000/dev/", NAMED, CONTAINER, "http://azurite:10000/dev", id="the endpoint"),
        pytest.param(None, NAMED, CONTAINER, "https://token.blob.core.windows.net", id="a container's token"),
        pytest.param(None, {}, ACCOUNT, "https://token.blob.core.windows.net", id="an account's token"),
        pytest.param(
            None, {**NAMED, "AZURE_STORAGE_KEY": "a2V5"}, CONTAINER, "https://named.blob.core.windows.net", id="a key"
        ),
        pytest.param(None, NAMED, None, "https://named.blob.core.windows.net", id="the account's name"),
    ],
)
def test_the_account_is_told_by(
    endpoint: str | None, keys: dict[str, str], token: ContainerToken | None, url: str
) -> None:
    tokens = () if token is None else (token,)
    assert find_account_url(StorageAccess(endpoint=endpoint), keys, tokens, "vision") == url


def test_where_nothing_tells_the_account_it_is_asked_for() -> None:
    with pytest.raises(StorageMisconfigured, match="nothing says which account has az://vision; set storage"):
        find_account_url(StorageAccess(), {}, (), "vision")


@pytest.mark.parametrize(
    ("url", "keys", "name"),
    [
        ("https://fruit.blob.core.windows.net", {}, "fruit"),
        ("https://fruit-secondary.blob.core.windows.net", {}, "fruit"),
        ("http://127.0.0.1:10000/devstoreaccount1", {}, "devstoreaccount1"),
        ("https://storage.example/", NAMED, "named"),
    ],
)
def test_a_key_is_of_the_account_that_the_address_names(url: str, keys: dict[str, str], name: str) -> None:
    assert find_account_name(url, keys) == name


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", None])
@pytest.mark.parametrize("account", ["two\nlines", "host.example/#", "a blank"])
def test_a_name_that_no_account_has_is_refused_before_anything_is_signed(account: str, endpoint: str | None) -> None:
    keys = {"AZURE_STORAGE_ACCOUNT": account, "AZURE_STORAGE_KEY": "a2V5"}
    storage = Storage(StorageAccess(endpoint=endpoint, reach=Reach(own_machine=True)), keys)
    with pytest.raises(StorageMisconfigured, match="AZURE_STORAGE_ACCOUNT is not the name of an account") as refused:
        storage.read("az://vision/a")
    assert account not in str(refused.value)
