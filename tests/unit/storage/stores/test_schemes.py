"""Which storage answers for which address."""

from darkroom_api.run_config import StorageAccess
from darkroom_storage.stores.azure_blob import AzureStore
from darkroom_storage.stores.https import HttpsStore
from darkroom_storage.stores.local import LocalStore
from darkroom_storage.stores.s3 import S3Store
from darkroom_storage.stores.schemes import open_stores
from darkroom_storage.stores.volume import VolumeStore


def test_each_scheme_has_a_storage_of_its_own() -> None:
    opened = {scheme: type(store) for scheme, store in open_stores(StorageAccess(), {}, "", ()).items()}
    assert opened == {
        "az": AzureStore,
        "file": LocalStore,
        "https": HttpsStore,
        "s3": S3Store,
        "volume": VolumeStore,
    }
