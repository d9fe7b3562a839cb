"""Azurite in a process of its own: an account behind https with a certificate that only these tests trust.

Owns the process, the account's key and the tokens that it signs.
"""

import base64
import contextlib
import os
import pathlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient, generate_container_sas

from bench.clusters.ports import find_free_port
from darkroom_api import names
from darkroom_api.endpoints import Reach
from darkroom_api.run_config import StorageAccess
from hack.azurite import installation
from tests.certificate import make_certificate

ACCOUNT: Final = "darkroomtests"
KEY: Final = base64.b64encode(b"only the tests know this key" * 2).decode()
CONTAINER: Final = "vision"
LOG: Final = "azurite.log"
START_SECONDS: Final = 60.0
API_VERSION: Final = "2021-12-02"


@dataclass(frozen=True)
class Azurite:
    """A running emulator."""

    endpoint: str
    """The account's address."""
    certificate: pathlib.Path
    """What signs for it, as PEM."""

    @property
    def client(self) -> BlobServiceClient:
        """Return the administrator's client."""
        credential = {"account_name": ACCOUNT, "account_key": KEY}
        return BlobServiceClient(
            self.endpoint, credential, connection_verify=str(self.certificate), api_version=API_VERSION, retry_total=0
        )

    def create_container(self, name: str) -> None:
        """Make an empty container."""
        self.client.create_container(name)

    def put_folder(self, container: str, folder: pathlib.Path, prefix: str = "") -> None:
        """Write every file below `folder` below `prefix`."""
        with self.client.get_container_client(container) as client:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                client.upload_blob(f"{prefix}{path.relative_to(folder)}", path.read_bytes(), overwrite=True)

    def keys(self, prefix: str) -> list[str]:
        """Return the names of the blobs of `CONTAINER` below a prefix."""
        with self.client.get_container_client(CONTAINER) as client:
            return list(client.list_blob_names(name_starts_with=prefix))

    def sign(self, container: str, permissions: str = "rl", hours: float = 1, starts_in_hours: float = -1) -> str:
        """Return the URL of a container with a token, as the retired service's users have one."""
        now = datetime.now(UTC)
        query = generate_container_sas(
            ACCOUNT,
            container,
            account_key=KEY,
            permission=permissions,
            start=now + timedelta(hours=starts_in_hours),
            expiry=now + timedelta(hours=hours),
        )
        return f"{self.endpoint}/{container}?{query}"

    def mount(self, folder: pathlib.Path, *, sas_url: str | None = None) -> StorageAccess:
        """Return how a run reaches it with a Secret at `folder`: with the account's key, or with a token alone."""
        folder.mkdir(parents=True, exist_ok=True)
        keys = {names.AZURE_ACCOUNT: ACCOUNT, names.AZURE_KEY: KEY} if sas_url is None else {names.SAS_KEY: sas_url}
        for name, value in keys.items():
            (folder / name).write_text(f"{value}\n")
        (folder / names.AUTHORITIES_KEY).write_bytes(self.certificate.read_bytes())
        origin = self.endpoint.removesuffix(f"/{ACCOUNT}")
        reach = Reach(allowed_endpoints=(origin,), own_machine=True)
        endpoint = self.endpoint if sas_url is None else None
        return StorageAccess(endpoint=endpoint, credentials_dir=str(folder), reach=reach)


@contextlib.contextmanager
def start_azurite(folder: pathlib.Path, host: str = "127.0.0.1") -> Iterator[Azurite]:
    """Start an emulator with the container `CONTAINER`; ends it in the end."""
    private, certificate = folder / "key.pem", folder / "certificate.pem"
    for path, data in zip((private, certificate), make_certificate(host), strict=True):
        path.write_bytes(data)
    port = find_free_port()
    command = [
        str(installation.ensure()), "--blobHost", host, "--blobPort", str(port),
        "--inMemoryPersistence", "--disableTelemetry", "--silent", "--cert", str(certificate), "--key", str(private),
    ]  # fmt: skip
    environment = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
    server = Azurite(f"https://{host}:{port}/{ACCOUNT}", certificate)
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait_ready(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _wait_ready(server: Azurite, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"Azurite has ended: {(server.certificate.parent / LOG).read_text()}"
        with contextlib.suppress(AzureError):
            server.create_container(CONTAINER)
            return
        time.sleep(0.2)
    raise TimeoutError(f"Azurite did not come up within {START_SECONDS:.0f} s")
