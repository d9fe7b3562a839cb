"""Users of the cluster's S3 server: made with a bucket of their own, revoked and restored at will."""

import subprocess
from dataclasses import dataclass

import pytest

from hack.localcluster.state import State
from tests.cluster.storage.bucket import Bucket


@dataclass(frozen=True)
class Account:
    """A user whose keys open one bucket; `owner` is the administrator's view of that bucket."""

    state: State
    owner: Bucket
    access_key: str
    secret_key: str

    def grant(self) -> None:
        """Make the user known, with the same keys as ever."""
        keys = ("--access", self.access_key, "--secret", self.secret_key)
        self._administer("create-user", *keys, "--role", "user")
        self._administer("change-bucket-owner", "--bucket", self.owner.name, "--owner", self.access_key)

    def revoke(self) -> None:
        """Make the user unknown."""
        self._administer("delete-user", "--access", self.access_key)

    def _administer(self, *arguments: str) -> None:
        login = ("--access", self.owner.access_key, "--secret", self.owner.secret_key)
        command = (str(self.state.binaries / "versitygw"), "admin", *login, "--endpoint-url", self.owner.endpoint)
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"versitygw admin {arguments[0]}: {done.stderr or done.stdout}")
