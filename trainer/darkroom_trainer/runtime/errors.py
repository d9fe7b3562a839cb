"""How a run ends for a reason that its user can act on, and how storage fails.

Owns the exceptions of the trainer. Must not do: anything but name what went wrong.
"""

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.dataset import DatasetSummary
from darkroom_trainer.runtime.secrets import hide


class RunError(Exception):
    """A run that cannot continue for a known reason; the engine turns it into an Outcome."""

    def __init__(self, reason: Reason, message: str, summary: DatasetSummary | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.summary = summary


class StorageError(Exception):
    """A storage call that failed; neither `uri` nor `detail` shows a secret."""

    problem = "cannot be used"

    def __init__(self, uri: str, detail: str = "") -> None:
        self.uri = display_uri(uri)
        self.detail = hide(detail)
        super().__init__(f"{self.uri} {self.problem}{': ' if detail else ''}{self.detail}")


class ObjectMissing(StorageError):
    """The bucket or server answers, and has no such object."""

    problem = "does not exist"


class BucketMissing(ObjectMissing):
    """There is no such bucket."""

    problem = "is in a bucket that does not exist"


class StorageRefused(StorageError):
    """The storage answers, and refuses: wrong or missing key, or no permission."""

    problem = "was refused"


class StorageUnreachable(StorageError):
    """The storage does not answer, or answers that it cannot serve now."""

    problem = "could not be reached"


class CertificateRefused(StorageError):
    """The server shows a certificate that is not trusted: nothing was sent."""

    problem = "is on a server whose certificate is not trusted"


class PreconditionFailed(StorageError):
    """The object exists already, or changed meanwhile."""

    problem = "exists already or changed meanwhile"


class AddressForbidden(StorageError):
    """The address is one that no run may read, such as a private network behind an https URL."""

    problem = "may not be read"


class ObjectTooLarge(StorageError):
    """The object is larger than the reader takes."""

    problem = "is too large"


def display_uri(uri: str) -> str:
    """Return `uri` for messages, without a password and the query of an https address, which may be a token."""
    return hide(uri.split("?", 1)[0] if uri.startswith("https://") else uri)
