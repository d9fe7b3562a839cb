"""The image of a labelling task: at an address, in a bucket, or at the Label Studio that has sent the task.

Owns what was told of a Label Studio at its setup, which holds a token of its user: kept in memory, shown to that host
only, and never logged. Must not know HTTP routes.
"""

import urllib.parse
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom_api.names import BUCKET_SCHEMES
from darkroom_server.backends.backend import Backend, BackendProblem
from darkroom_server.prediction.failures import UrlUnfit
from darkroom_server.prediction.fetching import Fetcher, is_same_origin

MAX_HOSTS: Final = 1000
"""Of projects that were set up; beyond as many one of the namespace with the most goes, that was longest not used."""
_MAX_TOKEN_LENGTH: Final = 4096
_MAX_URL_LENGTH: Final = 2048

ProjectKey = tuple[str, str, str]
"""Namespace, Model and project."""


@dataclass(frozen=True)
class LabellingHost:
    """A Label Studio, and the token with which its own files are read."""

    url: str
    token: str = field(repr=False)


class LabellingHosts:
    """The Label Studios that have set up a Model, by project."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[ProjectKey, LabellingHost] = OrderedDict()

    def remember(self, key: ProjectKey, url: object, token: object) -> None:
        """Take what a setup tells; what is no address or no token is not kept."""
        if not isinstance(url, str) or len(url) > _MAX_URL_LENGTH or not is_same_origin(url, url):
            return
        is_token = isinstance(token, str) and token.isascii() and token.isprintable()
        shown = token if is_token and len(str(token)) <= _MAX_TOKEN_LENGTH else ""
        self._hosts[key] = LabellingHost(url, str(shown))
        self._hosts.move_to_end(key)
        while len(self._hosts) > MAX_HOSTS:
            (most, _), *_ = Counter(namespace for namespace, _, _ in self._hosts).most_common(1)
            del self._hosts[next(known for known in self._hosts if known[0] == most)]

    def find(self, key: ProjectKey) -> LabellingHost | None:
        """Return the Label Studio of a project, None where it has set nothing up since the server started."""
        found = self._hosts.get(key)
        if found is not None:
            self._hosts.move_to_end(key)
        return found


async def fetch_task_image(
    address: Any, caller: str, host: LabellingHost | None, fetcher: Fetcher, backend: Backend, limit_bytes: int
) -> bytes:
    """Return the image at the address that a task's data holds, a path of `host`; raises UrlUnfit and TooBusy.

    `caller` is the namespace that waits for it.
    """
    if not isinstance(address, str) or not address:
        raise UrlUnfit("its data has no address of an image under the key that the label config names")
    if address.startswith(BUCKET_SCHEMES):
        try:
            return await backend.read_image(caller, address, limit_bytes)
        except BackendProblem as problem:
            raise UrlUnfit(str(problem)) from problem
    try:
        url = urllib.parse.urljoin(host.url, address) if host is not None else address
    except ValueError as error:
        raise UrlUnfit("it is not the address of an image") from error
    return await fetcher.fetch(caller, url, _authorize(host, url))


def _authorize(host: LabellingHost | None, url: str) -> str | None:
    """Return the header for Label Studio's own addresses; `//host/path` is another's."""
    is_own = host is not None and bool(host.token) and is_same_origin(url, host.url)
    return f"Token {host.token}" if is_own and host is not None else None
