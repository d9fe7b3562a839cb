"""Credentials from a mounted Secret: one file per key. Must not do: log or keep them."""

import os
import pathlib
from typing import Final

from darkroom_api import names
from darkroom_api.run_config import StorageAccess, StorageRole
from darkroom_storage.errors import StorageMisconfigured
from darkroom_storage.tokens import ContainerToken, read_token

FIELDS: Final = {
    StorageRole.DATASET: "storage.credentialsSecret of the Dataset",
    StorageRole.EVALUATION: "storage.credentialsSecret of the evaluation Dataset",
    StorageRole.IMAGES: "images.storage.credentialsSecret of the Prediction",
    StorageRole.MODEL: "output.storage.credentialsSecret of the Model",
    StorageRole.OUTPUT: "output.storage.credentialsSecret",
    StorageRole.WEIGHTS: "trainer.weights.storage.credentialsSecret of the installation",
}
"""The field that names the Secret which is mounted for a role."""
_AZURE_KEYS: Final = (names.SAS_KEY, names.AZURE_ACCOUNT, names.AZURE_KEY)


def read_credentials(access: StorageAccess) -> dict[str, str]:
    """Return the keys of `names.CREDENTIAL_KEYS` that are mounted; on the user's own machine those of its environment.

    The AWS_* variables are left to boto3, which also knows files of them.

    Raises StorageMisconfigured naming the Secret's key when one is missing or empty.
    """
    if access.credentials_dir is None:
        found = {key: os.environ.get(key, "") for key in _AZURE_KEYS} if access.reach.own_machine else {}
        return {key: value for key, value in found.items() if value}
    folder = pathlib.Path(access.credentials_dir)
    read = {key: _read_key(folder / key) for key in names.CREDENTIAL_KEYS}
    found = {key: value for key, value in read.items() if value}
    opens_azure = names.SAS_KEY in found or names.AZURE_KEY in found
    for key in names.KEY_PAIR if any(key in found for key in names.KEY_PAIR) or not opens_azure else ():
        if key not in found:
            message = f"{find_field(access)}: the Secret has no key {key} (looked in {folder}); add it to the Secret"
            raise StorageMisconfigured(message)
    return found


def open_tokens(access: StorageAccess, keys: dict[str, str]) -> tuple[ContainerToken, ...]:
    """Return the token among `keys`; StorageMisconfigured where it is none."""
    url = keys.get(names.SAS_KEY)
    try:
        return (read_token(url),) if url is not None else ()
    except ValueError as error:
        where = find_field(access) or "the environment"
        raise StorageMisconfigured(f"{where}: {names.SAS_KEY}: {error}") from error


def _read_key(path: pathlib.Path) -> str:
    return path.read_text().strip() if path.is_file() else ""


def find_field(access: StorageAccess) -> str | None:
    """Return the field whose Secret gives these credentials, None without one."""
    if access.credentials_dir is None:
        return None
    return {role.value: field for role, field in FIELDS.items()}.get(
        pathlib.Path(access.credentials_dir).name, "storage.credentialsSecret"
    )
