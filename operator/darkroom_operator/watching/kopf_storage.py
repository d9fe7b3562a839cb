"""Storages of kopf that keep nothing.

By default kopf copies every object of every event several times, to find out what changed and to note its progress in
annotations. Handlers of raw events need neither, and the copies are half of the operator's work under load. Keeping
nothing also makes sure that kopf never writes to users' objects.
"""

from typing import Any

import kopf


class NoDiffBase(kopf.DiffBaseStorage):
    """Remembers no last-handled state."""

    def build(self, *, body: Any, extra_fields: Any = None) -> Any:  # noqa: ARG002  # kopf's signature
        """Return nothing worth comparing."""
        return {}

    def fetch(self, *, body: Any) -> None:
        """Return that there is no last state."""

    def store(self, *, body: Any, patch: Any, essence: Any) -> None:
        """Keep nothing."""


class NoProgress(kopf.ProgressStorage):
    """Remembers no progress of handlers."""

    def fetch(self, *, key: Any, body: Any) -> None:
        """Return that there is no record."""

    def store(self, *, key: Any, record: Any, body: Any, patch: Any) -> None:
        """Keep nothing."""

    def purge(self, *, key: Any, body: Any, patch: Any) -> None:
        """Keep nothing."""

    def touch(self, *, body: Any, patch: Any, value: Any) -> None:
        """Keep nothing."""

    def clear(self, *, essence: Any) -> Any:
        """Return the essence as it is."""
        return essence
