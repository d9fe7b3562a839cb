"""The terms of an election: which Lease, who asks for it, and its times.

Owns their check: with wrong times two replicas could write at once.
"""

from dataclasses import dataclass


class TermsError(ValueError):
    """An election cannot be held on these terms; the message says why."""


@dataclass(frozen=True)
class Terms:
    """Where the Lease is, who asks for it, and its times in seconds."""

    namespace: str
    name: str
    identity: str
    lease_seconds: int = 15
    renew_seconds: int = 10
    retry_seconds: int = 2

    def __post_init__(self) -> None:
        """Refuse terms with which a leader could write after another took over."""
        if not self.namespace or not self.name:
            raise TermsError("--lease must be NAMESPACE/NAME")
        if not self.lease_seconds > self.renew_seconds > 2 * self.retry_seconds > 0:
            raise TermsError("the lease must be longer than its renewal, and that longer than two retries")
