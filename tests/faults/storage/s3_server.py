"""A real S3 server (versitygw) of the tests' own, and its bucket with a few digits.

Owns the server's process, its users and what is in the bucket.
"""

import contextlib
import pathlib
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import boto3
import botocore.config

from bench.clusters.control_plane import BINARIES, run
from bench.clusters.ports import find_free_port
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.names import KEY_PAIR
from darkroom_api.run_config import StorageAccess

BUCKET: Final = "vision"
ROOT: Final = "root-of-the-tests"
START_SECONDS: Final = 20.0


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    port: int
    host: str = "127.0.0.1"

    @property
    def address(self) -> str:
        """Return the server's endpoint."""
        return f"http://{self.host}:{self.port}"

    @property
    def client(self) -> Any:
        """Return the administrator's client, past every fault."""
        return boto3.client(
            "s3",
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=ROOT,
            aws_secret_access_key=ROOT,
            config=botocore.config.Config(s3={"addressing_style": "path"}),
        )

    def put_folder(self, folder: pathlib.Path, prefix: str) -> None:
        """Write every file below `folder` below `prefix`."""
        client = self.client
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            client.upload_file(str(path), BUCKET, f"{prefix}/{path.relative_to(folder)}")

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def count_unfinished_uploads(self) -> int:
        """Return the multipart uploads that nobody completed or aborted."""
        return len(self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()))

    def mount(self, folder: pathlib.Path, user: str, endpoint: str) -> StorageAccess:
        """Return how a user's run reaches an endpoint, with a Secret at `folder`."""
        folder.mkdir()
        for name in KEY_PAIR:
            (folder / name).write_text(user)
        return StorageAccess(endpoint=endpoint, region="us-east-1", credentials_dir=str(folder), reach=OWN_MACHINE)

    def create_user(self, name: str) -> None:
        """Make a user whose key and secret are his name."""
        self._administer("create-user", "--access", name, "--secret", name, "--role", "admin")

    def revoke(self, name: str) -> None:
        """Take a user's key away."""
        self._administer("delete-user", "--access", name)

    def _administer(self, *arguments: str) -> None:
        access = ["--access", ROOT, "--secret", ROOT, "--endpoint-url", self.address]
        command = [str(BINARIES / "versitygw"), "admin", *access, *arguments]
        subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def start_s3(folder: pathlib.Path, host: str = "127.0.0.1") -> Iterator[S3Server]:
    """Start a server with an empty bucket; ends it in the end."""
    server = S3Server(find_free_port(), host)
    data, users = folder / "data", folder / "users"
    data.mkdir()
    users.mkdir()
    listen = ["--port", f"{host}:{server.port}", "--health", "/health", "--quiet"]
    iam = ["--iam-dir", str(users), "--iam-cache-disable"]
    keys = ["env", f"ROOT_ACCESS_KEY={ROOT}", f"ROOT_SECRET_KEY={ROOT}"]
    with run(folder, "s3", [*keys, str(BINARIES / "versitygw"), *listen, *iam, "posix", str(data)]):
        _wait_ready(server)
        server.client.create_bucket(Bucket=BUCKET)
        yield server


def _wait_ready(server: S3Server) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(server.address + "/health", timeout=5):
            return
        time.sleep(0.1)
    raise TimeoutError(f"the S3 server did not come up within {START_SECONDS:.0f} s")
