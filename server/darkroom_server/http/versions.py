"""The versions of the REST interface. Must not know what differs between them: one shape serves all."""

from collections.abc import Mapping
from typing import Final

from darkroom_server.http.problems import Problem

KNOWN: Final = ("2023-02-01-preview", "2023-04-01-preview", "2023-10-01", "2024-02-01")


def check_version(query: Mapping[str, str]) -> None:
    """Raise the Problem of a query (`queries.read_query`) that names no known `api-version`."""
    found = query.get("api-version")
    if not found:
        message = f"api-version is missing in the query; add ?api-version={KNOWN[1]} (known: {', '.join(KNOWN)})"
        raise Problem(400, "MissingApiVersionParameter", message, "api-version")
    if found.lower() not in KNOWN:
        message = f"api-version {found[:40]!r} is not known; use one of {', '.join(KNOWN)}"
        raise Problem(400, "UnsupportedApiVersion", message, "api-version")
