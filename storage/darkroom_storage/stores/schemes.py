"""Which storage answers for the scheme of an address. Must not do: decide who may use it, or connect."""

from darkroom_api.run_config import StorageAccess
from darkroom_storage import credentials
from darkroom_storage.stores.azure_blob import AzureStore
from darkroom_storage.stores.https import HttpsStore
from darkroom_storage.stores.local import LocalStore
from darkroom_storage.stores.object_store import ObjectStore
from darkroom_storage.stores.s3 import S3Store
from darkroom_storage.stores.volume import VolumeStore
from darkroom_storage.tokens import ContainerToken


def open_stores(
    access: StorageAccess, keys: dict[str, str], authorities: str, found: tuple[ContainerToken, ...]
) -> dict[str, ObjectStore]:
    """Return the storages by scheme; `found` are tokens that stand in addresses, which open https addresses only.

    Raises StorageMisconfigured where a token among `keys` is none.
    """
    opened = credentials.open_tokens(access, keys)
    return {
        "az": AzureStore(access, keys, authorities, opened),
        "file": LocalStore(),
        "https": HttpsStore(access.reach, (*opened, *found), authorities),
        "s3": S3Store(access, keys, authorities),
        "volume": VolumeStore(access),
    }
