"""Credentials from a mounted Secret: one file per key. Must not do: log or keep them."""

import pathlib

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_trainer.errors import RunError


def read_credentials(access: StorageAccess) -> dict[str, str]:
    """Return the keys of `names.CREDENTIAL_KEYS` that are mounted; none means the ambient identity.

    Raises RunError(InvalidConfiguration) naming the Secret's key when one is missing or empty.
    """
    if access.credentials_dir is None:
        return {}
    folder = pathlib.Path(access.credentials_dir)
    found = {}
    for key in names.CREDENTIAL_KEYS:
        path = folder / key
        value = path.read_text().strip() if path.is_file() else ""
        if value:
            found[key] = value
        elif key != "AWS_SESSION_TOKEN":
            message = (
                f"storage.credentialsSecret: the Secret has no key {key} (looked in {folder}); add it to the Secret"
            )
            raise RunError(Reason.INVALID_CONFIGURATION, message)
    return found
