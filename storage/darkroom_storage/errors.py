"""How storage fails.

Owns the exceptions of this package. Must not do: anything but name what went wrong.
"""

from darkroom_storage.secrets import hide


class StorageMisconfigured(Exception):
    """A credential or a list of authorities that cannot be used; the text names where it comes from, and what to do."""


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


class ContainerMissing(BucketMissing):
    """There is no such container in the account."""

    problem = "is in a container that does not exist"


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
