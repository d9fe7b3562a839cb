"""Clients of the containers of one Azure account: what opens a container, and which hosts its client may reach.

Owns the settings. Must not do: any call, or explain what fails (`azure_blob`). Nothing but the keys and tokens that it
is given opens a container: no identity of the machine, no `.netrc`. No proxy is used, and no redirect followed.
"""

import base64
import binascii
import http.cookiejar
import logging
import pathlib
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import requests
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import ContainerClient, ExponentialRetry
from requests.adapters import HTTPAdapter
from urllib3.response import BaseHTTPResponse

from darkroom_api import names
from darkroom_api.endpoints import Reach
from darkroom_api.run_config import StorageAccess
from darkroom_storage import bodies, certificates, connections, pools, secrets
from darkroom_storage.credentials import find_field
from darkroom_storage.errors import StorageMisconfigured
from darkroom_storage.tokens import ContainerToken

API_VERSION: Final = "2021-12-02"
"""Old enough for Azure Stack and Azurite, and the service keeps every version; a newer one has nothing that is used."""
PART_BYTES: Final = 8 << 20
"""What one request reads or writes at most, and so what memory holds of an object that is streamed."""
_MAX_CONNECTIONS: Final = 32
_NAMED_HOST: Final = re.compile(r"([a-z0-9]{3,24})(?:-secondary)?\.[a-z]")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_.-]{1,63}")
_ENVIRONMENT: Final = "the AZURE_* variables of this machine"

# Its log holds every header of every request.
logging.getLogger("azure").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Container:
    """A container's client, and the token that opens it where it is one that does."""

    client: ContainerClient
    token: ContainerToken | None
    has_key: bool


class _CheckedAdapter(HTTPAdapter):
    """Connects to addresses that were checked, and gives up a body that hardly moves."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        super().__init__(pool_connections=_MAX_CONNECTIONS, pool_maxsize=_MAX_CONNECTIONS)

    def init_poolmanager(self, *fields: Any, **settings: Any) -> None:
        super().init_poolmanager(*fields, **settings)
        if not self._reach.own_machine:
            pools.pin(self.poolmanager, self._reach)

    def build_response(self, req: requests.PreparedRequest, resp: BaseHTTPResponse) -> requests.Response:
        place = (req.url or "").split("?", 1)[0]

        def stream(_amount: int | None, decode_content: bool | None = None) -> Iterator[bytes]:
            return bodies.iterate_body(place, resp, decode_content=bool(decode_content))

        resp.stream = stream  # type: ignore[assignment,method-assign]
        return super().build_response(req, resp)


def open_transport(reach: Reach, authorities: str) -> RequestsTransport:
    """Return what sends the requests of every container of a storage."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _CheckedAdapter(reach))
    bundle = certificates.write_bundle(pathlib.Path(requests.utils.DEFAULT_CA_BUNDLE_PATH), authorities)
    return RequestsTransport(
        session=session,
        session_owner=False,
        use_env_settings=False,
        connection_timeout=4,
        read_timeout=30,
        connection_verify=bundle or True,
    )


def connect(
    access: StorageAccess,
    keys: Mapping[str, str],
    tokens: tuple[ContainerToken, ...],
    container: str,
    transport: RequestsTransport,
) -> Container:
    """Return the client of a container; no connection is made.

    Raises StorageMisconfigured where no account is named or a key cannot be one, AddressForbidden for the endpoint's
    text.
    """
    url, where = find_account_url(access, keys, tokens, container), find_field(access) or _ENVIRONMENT
    connections.check_endpoint(url, access.reach)
    token = next((token for token in tokens if token.opens(f"{url}/{container}/")), None)
    key = keys.get(names.AZURE_KEY)
    credential: AzureNamedKeyCredential | AzureSasCredential | None = None
    if key is not None:
        account = _check_account(find_account_name(url, keys), where)
        credential, token = AzureNamedKeyCredential(account, _check_key(key, where)), None
    elif token is not None:
        credential = AzureSasCredential(token.query)
    elif tokens:
        raise StorageMisconfigured(
            f"{where}: {names.SAS_KEY} opens {tokens[0].prefix}, not {url}/{container}/, where az://{container} is; "
            "give the token of this container"
        )
    client = ContainerClient(
        url,
        container,
        credential=credential,
        transport=transport,
        api_version=API_VERSION,
        retry_policy=ExponentialRetry(retry_total=0),
        permit_redirects=False,
        max_single_get_size=PART_BYTES,
        max_chunk_get_size=PART_BYTES,
        max_single_put_size=PART_BYTES,
    )
    return Container(client, token, key is not None)


def find_account_url(
    access: StorageAccess, keys: Mapping[str, str], tokens: tuple[ContainerToken, ...], container: str
) -> str:
    """Return the address of the account that holds `container`, without a final slash."""
    if access.endpoint is not None:
        return access.endpoint.rstrip("/")
    if names.AZURE_KEY not in keys:
        for token in tokens:
            account, found, rest = token.prefix.rpartition(f"/{container}/")
            if found and not rest:
                return account
            if urllib.parse.urlsplit(token.prefix).path == "/":
                return token.prefix.rstrip("/")
    if names.AZURE_ACCOUNT in keys:
        account = _check_account(keys[names.AZURE_ACCOUNT], find_field(access) or _ENVIRONMENT)
        return f"https://{account}.blob.core.windows.net"
    raise StorageMisconfigured(
        f"{find_field(access) or 'storage'}: nothing says which account has az://{container}; set storage.endpoint to "
        "its address, as https://ACCOUNT.blob.core.windows.net, or give the URL of the container with its token as "
        f"{names.SAS_KEY}"
    )


def find_account_name(url: str, keys: Mapping[str, str]) -> str:
    """Return the account that a key is of: as it is given, else from the account's address."""
    parts = urllib.parse.urlsplit(url)
    named = _NAMED_HOST.match(parts.hostname or "")
    return keys.get(names.AZURE_ACCOUNT) or parts.path.strip("/") or (named[1] if named else "")


def _check_account(account: str, where: str) -> str:
    """Refuse what no header can hold: the HTTP library would quote it, with the signature behind it."""
    if not _ACCOUNT.fullmatch(account):
        message = (
            f"{where}: {names.AZURE_ACCOUNT} is not the name of an account, or is needed since storage.endpoint names "
            "none; give letters, digits, '-', '_' and '.' only"
        )
        raise StorageMisconfigured(message)
    return account


def _check_key(key: str, where: str) -> str:
    secrets.remember([key])
    try:
        base64.b64decode(key, validate=True)
    except binascii.Error as error:
        message = f"{where}: {names.AZURE_KEY} is not the key of an account, which is base64; copy it again"
        raise StorageMisconfigured(message) from error
    return key
