"""Credentials from a mounted Secret: one file per key. Must not do: log or keep them."""

import pathlib
from typing import Final

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess, StorageRole
from darkroom_trainer.runtime.errors import RunError

FIELDS: Final = {
    StorageRole.DATASET: "storage.credentialsSecret of the Dataset",
    StorageRole.EVALUATION: "storage.credentialsSecret of the evaluation Dataset",
    StorageRole.MODEL: "output.storage.credentialsSecret of the Model",
    StorageRole.OUTPUT: "output.storage.credentialsSecret",
    StorageRole.WEIGHTS: "trainer.weights.storage.credentialsSecret of the installation",
}
"""The field that names the Secret which is mounted for a role."""


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
            message = f"{find_field(access)}: the Secret has no key {key} (looked in {folder}); add it to the Secret"
            raise RunError(Reason.INVALID_CONFIGURATION, message)
    return found


def find_field(access: StorageAccess) -> str | None:
    """Return the field whose Secret gives these credentials, None for the ambient identity."""
    if access.credentials_dir is None:
        return None
    return {role.value: field for role, field in FIELDS.items()}.get(
        pathlib.Path(access.credentials_dir).name, "storage.credentialsSecret"
    )
