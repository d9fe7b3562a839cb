"""Credentials mounted as files."""

import pathlib

import pytest

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_storage.credentials import read_credentials
from darkroom_storage.errors import StorageMisconfigured
from darkroom_storage.objects import open_storage


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_secret_without_a_key_is_named(missing: str, tmp_path: pathlib.Path) -> None:
    for key in {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} - {missing}:
        (tmp_path / key).write_text("value\n")
    with pytest.raises(StorageMisconfigured, match=f"the Secret has no key {missing}"):
        open_storage(StorageAccess(credentials_dir=str(tmp_path)))


def test_mounted_credentials_are_used(
    s3_endpoint: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
        (tmp_path / name).write_text("mounted\n")
    access = StorageAccess(endpoint=s3_endpoint, credentials_dir=str(tmp_path), reach=OWN_MACHINE)
    mounted = open_storage(access)
    mounted.write_bytes("s3://vision/mounted", b"1")
    assert mounted.read_bytes("s3://vision/mounted") == b"1"
    assert read_credentials(access) == {"AWS_ACCESS_KEY_ID": "mounted", "AWS_SECRET_ACCESS_KEY": "mounted"}
