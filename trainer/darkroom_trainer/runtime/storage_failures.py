"""What a run says that storage ended.

Owns the reason and the words. Must not do: know any storage.
"""

from darkroom_api.conditions import Reason
from darkroom_api.names import BUCKET_SCHEMES, VOLUME_SCHEME
from darkroom_api.run_config import StorageAccess
from darkroom_storage.credentials import find_field
from darkroom_storage.errors import (
    AddressForbidden,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    StorageRefused,
)
from darkroom_trainer.runtime.errors import RunError


def explain_storage_error(
    error: StorageError, access: StorageAccess, *, is_output: bool = False, subject: str = ""
) -> RunError:
    """Return the end of a run that cannot read or write what it needs, naming the URI and, for a bucket, the endpoint.

    Where the key was refused, it names the field that the key comes from. Of the run's output (`is_output`) nothing
    says anything about a dataset, whatever is missing. `subject` is what was being read, where there are many.
    """
    where = access.endpoint or "the default endpoint of its provider"
    if error.uri.startswith(VOLUME_SCHEME):
        message = f"{error} (PersistentVolumeClaim `{access.volume_claim}`)" if access.volume_claim else str(error)
        return RunError(_find_reason(error, is_output), f"{subject}: {message}" if subject else message)
    message = f"{error} (endpoint: {where})" if error.uri.startswith(BUCKET_SCHEMES) else str(error)
    field = find_field(access)
    if isinstance(error, StorageRefused) and field is not None:
        message += f"; the key is from {field}"
    elif isinstance(error, StorageRefused) and not access.service_account and not access.reach.own_machine:
        message += "; it was asked without a key: set storage.credentialsSecret or storage.serviceAccountName"
    return RunError(_find_reason(error, is_output), f"{subject}: {message}" if subject else message)


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
