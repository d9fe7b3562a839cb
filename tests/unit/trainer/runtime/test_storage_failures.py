"""What a run says that storage ended."""

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import (
    AddressForbidden,
    BucketMissing,
    CertificateRefused,
    ObjectMissing,
    ObjectTooLarge,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_trainer.runtime.storage_failures import explain_storage_error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(ObjectMissing("s3://b/k"), Reason.DATASET_NOT_FOUND, id="no file"),
        pytest.param(StorageRefused("s3://b/k"), Reason.STORAGE_UNAVAILABLE, id="a refused key"),
        pytest.param(StorageUnreachable("s3://b/k"), Reason.STORAGE_UNAVAILABLE, id="an outage"),
        pytest.param(AddressForbidden("https://h/k"), Reason.NOT_ALLOWED, id="a forbidden address"),
        pytest.param(CertificateRefused("s3://b/k"), Reason.INVALID_CONFIGURATION, id="an unknown authority"),
        pytest.param(ObjectTooLarge("s3://b/k"), Reason.DATASET_CORRUPT, id="a file beyond any reader"),
    ],
)
def test_each_failure_ends_a_run_for_its_own_reason(error: StorageError, reason: Reason) -> None:
    end = explain_storage_error(error, StorageAccess(endpoint="http://s3:9000"))
    assert end.reason is reason
    assert ("http://s3:9000" in end.message) is error.uri.startswith("s3://")


@pytest.mark.parametrize(
    ("role", "field"),
    [
        pytest.param("dataset", "storage.credentialsSecret of the Dataset", id="the dataset's"),
        pytest.param("output", "output.storage.credentialsSecret", id="the output's"),
    ],
)
def test_a_refused_key_is_told_with_the_field_that_it_comes_from(role: str, field: str) -> None:
    access = StorageAccess(credentials_dir=f"/etc/credentials/{role}")
    refused = StorageRefused("s3://vision/k", "AccessDenied The key was revoked")
    end = explain_storage_error(refused, access, is_output=role == "output")
    assert end.reason is Reason.STORAGE_UNAVAILABLE
    assert "AccessDenied The key was revoked" in end.message
    assert end.message.endswith(f"the key is from {field}")


def test_a_bucket_that_the_output_needs_says_nothing_of_the_dataset() -> None:
    missing = BucketMissing("s3://nowhere/k", "bucket nowhere")
    end = explain_storage_error(missing, StorageAccess(), is_output=True)
    assert end.reason is Reason.STORAGE_UNAVAILABLE
    assert "bucket nowhere" in end.message


def test_a_file_of_a_volume_is_told_with_its_claim_and_without_an_endpoint() -> None:
    access = StorageAccess(endpoint="http://s3:9000", volume_claim="photos", volume_dir="/volumes/dataset")
    end = explain_storage_error(StorageRefused("volume:a.json", "Permission denied"), access)
    assert end.reason is Reason.STORAGE_UNAVAILABLE
    assert end.message == "volume:a.json was refused: Permission denied (PersistentVolumeClaim `photos`)"
    assert explain_storage_error(ObjectMissing("volume:a.json"), access).reason is Reason.DATASET_NOT_FOUND


def test_of_many_images_the_one_that_could_not_be_read_is_named() -> None:
    end = explain_storage_error(ObjectMissing("s3://b/k"), StorageAccess(), subject="image 7 (a.png)")
    assert end.message.startswith("image 7 (a.png): s3://b/k does not exist")
