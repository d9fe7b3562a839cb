"""How long a run puts up with storage that does not answer, and what it says at the end of its patience.

Must not do: know any storage.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_trainer.runtime.errors import (
    AddressForbidden,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    RunError,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_trainer.storage.credentials import find_field

PATIENCE_SECONDS: Final = 20.0
"""How long one call is tried again within a run; a longer outage ends the attempt, which the operator repeats."""

Result = TypeVar("Result")


def retry_storage(
    action: Callable[[], Result],
    patience_seconds: float = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Return what `action` does, tried again with doubling pauses while storage is unreachable or refuses.

    A refusal is tried again too: a Secret or a policy may be on its way. The last StorageError is raised.
    """
    end = clock() + patience_seconds
    pause = 0.5
    while True:
        try:
            return action()
        except (StorageUnreachable, StorageRefused):
            if clock() + pause > end:
                raise
        sleep(pause)
        pause = min(pause * 2, 8.0)


def explain_storage_error(error: StorageError, access: StorageAccess, *, is_output: bool = False) -> RunError:
    """Return the end of a run that cannot read or write what it needs, naming the URI and, for a bucket, the endpoint.

    Where the key was refused, it names the field that the key comes from. Of the run's output (`is_output`) nothing
    says anything about a dataset, whatever is missing.
    """
    where = access.endpoint or "the default endpoint of its provider"
    message = f"{error} (endpoint: {where})" if error.uri.startswith("s3://") else str(error)
    field = find_field(access)
    if isinstance(error, StorageRefused) and field is not None:
        message += f"; the key is from {field}"
    elif isinstance(error, StorageRefused) and not access.service_account and not access.reach.own_machine:
        message += "; it was asked without a key: set storage.credentialsSecret or storage.serviceAccountName"
    return RunError(_find_reason(error, is_output), message)


def _find_reason(error: StorageError, is_output: bool) -> Reason:
    if isinstance(error, CertificateRefused):
        return Reason.INVALID_CONFIGURATION
    if is_output:
        return Reason.STORAGE_UNAVAILABLE
    if isinstance(error, ObjectMissing):
        return Reason.DATASET_NOT_FOUND
    if isinstance(error, AddressForbidden):
        return Reason.NOT_ALLOWED
    if isinstance(error, ObjectTooLarge):
        return Reason.DATASET_CORRUPT
    return Reason.STORAGE_UNAVAILABLE
