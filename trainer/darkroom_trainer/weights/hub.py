"""Weights from a hub that speaks the Hugging Face protocol, where the administrator has named one.

Owns the addresses, and the few redirects that hubs need: each leads to https on a host that the run may reach.
Must not be asked for anything but a repository's `model.safetensors`.
"""

import http.client
import pathlib
import re
import ssl
import urllib.parse
from dataclasses import dataclass
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.endpoints import Reach
from darkroom_storage import bodies, web
from darkroom_storage.errors import (
    AddressForbidden,
    CertificateRefused,
    ObjectMissing,
    StorageError,
    StorageUnreachable,
)
from darkroom_storage.objects import retry_storage
from darkroom_trainer.runtime.errors import RunError

FILE: Final = "model.safetensors"
MAX_REDIRECTS: Final = 3
MAX_FILE_BYTES: Final = 8 << 30
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_WITHHELD: Final = (401, 403)
"""What hubs answer for repositories that there are not, as well as for those that want a key or a consent."""
_SUM: Final = re.compile(r"[0-9a-f]{64}")
_SUM_HEADER: Final = "X-Linked-Etag"
"""In the first answer of a hub that keeps large files by their SHA-256."""


@dataclass(frozen=True)
class Downloaded:
    """A file from the hub, with the SHA-256 that the hub says it has, where it says one."""

    path: pathlib.Path
    expected_sum: str | None


class Hub:
    """A hub at a base URL."""

    def __init__(self, base_url: str, cache: pathlib.Path, reach: Reach, context: ssl.SSLContext | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._reach = reach
        self._cache = cache
        self._context = context
        self._sums: dict[pathlib.Path, str | None] = {}

    def build_address(self, repository: str) -> str:
        """Return where the weights of a repository are."""
        return f"{self.base_url}/{urllib.parse.quote(repository)}/resolve/main/{FILE}"

    def fetch(self, repository: str) -> Downloaded | None:
        """Return the weights of a repository, fetched once a run; None where the hub does not give them.

        Raises RunError(StorageUnavailable) where the hub cannot be reached.
        """
        path = self._cache / repository / FILE
        if path.exists():
            return Downloaded(path, self._sums.get(path))
        try:
            self._sums[path] = retry_storage(lambda: self._download(self.build_address(repository), path))
        except ObjectMissing:
            return None
        except StorageError as error:
            raise _explain(error, self.base_url) from error
        return Downloaded(path, self._sums[path])

    def _download(self, address: str, path: pathlib.Path) -> str | None:
        """Write the file whole or not at all; returns the sum that the hub says."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part, expected = path.with_name(f".{path.name}.part"), None
        for _ in range(MAX_REDIRECTS + 1):
            step = self._ask(address, part)
            expected = expected or step.expected_sum
            if step.next_address is None:
                part.replace(path)
                return expected
            address = step.next_address
        raise AddressForbidden(address, f"it is the hub's redirect number {MAX_REDIRECTS + 1}")

    def _ask(self, address: str, part: pathlib.Path) -> "_Step":
        if not address.startswith("https://"):
            raise AddressForbidden(address, "the hub leads there, and only https is used")
        return web.ask_https(
            address, lambda answer: _take(address, answer, part), reach=self._reach, context=self._context
        )


@dataclass(frozen=True)
class _Step:
    next_address: str | None
    expected_sum: str | None


def _take(address: str, answer: http.client.HTTPResponse, part: pathlib.Path) -> _Step:
    """Write the body of an answer, or return where it leads."""
    said = (answer.getheader(_SUM_HEADER) or "").strip('"')
    expected = said if _SUM.fullmatch(said) else None
    target = answer.getheader("Location")
    if answer.status in _REDIRECTS and target is not None:
        return _Step(urllib.parse.urljoin(address, target), expected)
    if answer.status in _WITHHELD:
        raise ObjectMissing(address, f"the hub answered {answer.status} {answer.reason}")
    web.check_status(address, answer.status, answer.reason)
    length = answer.getheader("Content-Length") or ""
    with part.open("wb") as file:
        for chunk in bodies.iterate_limited(address, answer, MAX_FILE_BYTES):
            file.write(chunk)
        written = file.tell()
    if length.isdecimal() and written != int(length):
        raise StorageUnreachable(address, f"only {written:,} of {int(length):,} bytes came")
    return _Step(None, expected)


def _explain(error: StorageError, base_url: str) -> RunError:
    """Return the end of a run whose hub cannot be used."""
    wrong = isinstance(error, AddressForbidden | CertificateRefused)
    reason = Reason.INVALID_CONFIGURATION if wrong else Reason.STORAGE_UNAVAILABLE
    return RunError(reason, f"weights: the hub {base_url} gives no weights ({error}); fix trainer.weights.hub")
