"""What the refusals of Azure Blob mean, and what to do about each.

Pure: an answer in, a storage error out. Must not do: any call.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom_api import names
from darkroom_storage import tokens
from darkroom_storage.errors import (
    ContainerMissing,
    ObjectMissing,
    PreconditionFailed,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.tokens import ContainerToken

_NO_CONTAINER: Final = ("ContainerNotFound", "ContainerBeingDeleted")
_CHANGED: Final = ("ConditionNotMet", "BlobAlreadyExists")
_BUSY: Final = ("OperationTimedOut", "ServerBusy", "InternalError", "InvalidBlockList")
"""What may go well the next time; by the last one, another writer's commit has thrown the blocks of this one away."""
_CHECK_KEY: Final = f"check {names.AZURE_KEY}, the name of the account, and the account's network rules"
_RENEW: Final = "make a new token; this one is of another container, was cut, or is of a key that was replaced"
_GIVE_KEY: Final = (
    f"it is not public: give {names.AZURE_KEY}, or the URL of its container with a token as {names.SAS_KEY}"
)
_ADVICE: Final = {
    "AuthorizationProtocolMismatch": "the token is for https only; give an https endpoint",
    "AuthorizationSourceIPMismatch": "the token is for other addresses (sip); make one without",
    "AuthorizationResourceTypeMismatch": "the token has not the resource types c and o (srt); make one with them",
    "AuthorizationServiceMismatch": "the token is not for blobs (ss); make one with b",
    "KeyBasedAuthenticationNotPermitted": "the account allows no key; use a token that a user has signed",
    "UnauthorizedBlobOverwrite": "its token may create blobs but not overwrite them; make one that may write (w)",
    "BlobArchived": "it is archived; move it to the hot or the cool tier",
    "BlobImmutableDueToPolicy": "the container's policy lets nothing be changed; use another container",
    "LeaseIdMissing": "somebody else holds a lease on it; end the lease",
    "SnapshotsPresent": "it has snapshots; delete them first",
    "InvalidUri": "the address is not valid",
    "InvalidResourceName": "the address is not valid",
    "AccountIsDisabled": "the account is disabled",
}


@dataclass(frozen=True)
class Refusal:
    """What a container answered: the service's code and words, and what it was asked with."""

    code: str
    status: int
    said: str
    permission: str
    """What the call needs, as a letter of a token's `sp`."""
    token: ContainerToken | None
    has_key: bool

    @property
    def was_anonymous(self) -> bool:
        """Return whether neither a key nor a token was sent."""
        return self.token is None and not self.has_key


def explain_refusal(uri: str, found: Refusal, now: datetime) -> StorageError:
    """Return the storage error that an answer means."""
    detail = f"{found.status} {found.code}".strip()
    if found.code in _NO_CONTAINER:
        return ContainerMissing(uri, f"container {uri.split('/')[2]}")
    if found.code in _CHANGED:
        # Whoever reads sets no condition: it is the client's own, that all parts are of one blob.
        changed = StorageUnreachable(uri, "it changed while it was read; nothing may write to it meanwhile")
        return changed if found.permission == "r" else PreconditionFailed(uri, detail)
    if found.status >= 500 or found.status in (408, 429) or found.code in _BUSY:
        return StorageUnreachable(uri, detail)
    if found.status == 404 and not (found.was_anonymous and found.code == "ResourceNotFound"):
        return ObjectMissing(uri)
    return StorageRefused(uri, f"{detail}; {_advise(found, now)}")


def _advise(found: Refusal, now: datetime) -> str:
    fault = tokens.find_fault(found.token.query, found.permission, now) if found.token is not None else None
    if fault is not None:
        return fault
    if found.code in _ADVICE:
        return _ADVICE[found.code]
    if 300 <= found.status < 400:
        return "redirects are not followed; set storage.endpoint to the account's own address"
    if found.was_anonymous:
        return _GIVE_KEY
    if found.status in (401, 403):
        return _CHECK_KEY if found.has_key else _RENEW
    return found.said
