"""Where the data of a Dataset is, and what opens it, as callers of `/computervision/datasets` say it."""

import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom_api.endpoints import Reach
from darkroom_api.v1alpha1.common import SourceStorage
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_server.config import AnnotationRules, PrefixMapping
from tests.support.server.local import LocalServer, serving
from tests.support.server.running import Answer

URI = "https://data.example/set/train.json"
BODY: dict[str, Any] = {"annotationKind": "imageClassification", "annotationFileUris": [URI]}


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[LocalServer]:
    with serving(tmp_path / "state") as served:
        yield served


def spec_of(server: LocalServer, name: str = "fruit") -> DatasetSpec:
    spec = server.find("Dataset", name).spec
    assert isinstance(spec, DatasetSpec)
    return spec


def error_of(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def test_a_token_is_kept_apart_and_never_told(server: LocalServer) -> None:
    token = "?sv=2023-01-01&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D"  # noqa: S105 - made up
    put = server.put_dataset(authentication={"kind": "sas", "sasToken": token})
    assert put.json["authentication"] == {"kind": "sas"}
    listed, read = server.call("GET", "/datasets"), server.call("GET", "/datasets/fruit")
    assert b"c2VjcmV0" not in put.body + listed.body + read.body
    secret = spec_of(server).storage
    assert secret is not None
    files = list((server.folder / "secrets").glob(f"default/{secret.credentials_secret}/SAS_URL"))
    assert [file.read_text() for file in files] == [f"https://data.example/fruit.json?{token[1:]}"]
    assert b"c2VjcmV0" not in b"".join(path.read_bytes() for path in server.folder.glob("resources/*/*"))
    again = server.call("PATCH", "/datasets/fruit", {"authentication": {"kind": "sas"}})
    assert (again.status, spec_of(server).storage) == (200, secret)
    server.call("PATCH", "/datasets/fruit", {"authentication": {"kind": "none"}})
    assert spec_of(server).storage is None
    assert not list(server.folder.glob("secrets/*/*/SAS_URL"))


def test_deleting_a_dataset_deletes_its_token(server: LocalServer) -> None:
    server.put_dataset(authentication={"kind": "sas", "sasToken": "sig=secret-signature"})
    assert list(server.folder.glob("secrets/*/*/SAS_URL"))
    server.call("DELETE", "/datasets/fruit")
    assert not list(server.folder.glob("secrets/*/*/SAS_URL"))


def test_a_token_of_a_dataset_that_was_not_taken_is_not_kept(server: LocalServer) -> None:
    signed = {"kind": "sas", "sasToken": "sig=secret-signature"}
    callers = [threading.Thread(target=lambda: server.put_dataset(authentication=signed)) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(list(server.folder.glob("secrets/*/*"))) == 1


def test_old_addresses_are_mapped_and_told_as_they_were_sent(tmp_path: pathlib.Path) -> None:
    storage = SourceStorage(endpoint="https://s3.example", region="eu-west-1")
    mapping = PrefixMapping("https://old.blob.example/data/", "s3://vision/data/", storage)
    with serving(tmp_path, AnnotationRules((mapping,))) as server:
        old = "https://old.blob.example/data/a/train.json?sv=1"
        put = server.call("PUT", "/datasets/fruit", BODY | {"annotationFileUris": [old]})
        assert put.json["annotationFileUris"] == [old]
        spec = spec_of(server)
        assert spec.annotation_files == ("s3://vision/data/a/train.json",)
        assert spec.storage == storage
        assert spec.url_mappings is not None
        assert (spec.url_mappings[0].from_prefix, spec.url_mappings[0].to_prefix) == (
            mapping.from_prefix, mapping.to_prefix,
        )  # fmt: skip
        climbing = server.call("PUT", "/datasets/b", BODY | {"annotationFileUris": [f"{mapping.from_prefix}%2e%2e/x"]})
        assert error_of(climbing) == (400, "DatasetInvalidAnnotationUri")


def test_the_installations_credentials_are_used_where_they_are_asked_for(tmp_path: pathlib.Path) -> None:
    storage = SourceStorage(region="eu-west-1")
    with serving(tmp_path, AnnotationRules(storage=storage)) as server:
        files = {"annotationFileUris": ["s3://vision/train.json"]}
        server.call("PUT", "/datasets/ours", BODY | files | {"authentication": {"kind": "managedIdentity"}})
        server.call("PUT", "/datasets/public", BODY | files)
        assert (spec_of(server, "ours").storage, spec_of(server, "public").storage) == (storage, None)


FILES: dict[str, tuple[str, int]] = {
    "below the folder": ("file://{folder}/a/train.json", 201),
    "with a space": ("file://{folder}/a%20b/train.json", 201),
    "beside the folder": ("file://{folder}-other/train.json", 400),
    "out of the folder": ("file://{folder}/../train.json", 400),
    "out of the folder, escaped": ("file://{folder}/%2e%2e/train.json", 400),
    "with a zero in it": ("file://{folder}/a%00.json", 400),
    "relative": ("file:a/train.json", 400),
    "on another host": ("file://host{folder}/train.json", 400),
}


@pytest.mark.parametrize(("form", "status"), FILES.values(), ids=FILES.keys())
def test_files_are_taken_below_an_allowed_folder_only(form: str, status: int, tmp_path: pathlib.Path) -> None:
    with serving(tmp_path / "state", AnnotationRules(folders=(tmp_path / "data",))) as server:
        uri = form.format(folder=tmp_path / "data")
        assert server.call("PUT", "/datasets/fruit", BODY | {"annotationFileUris": [uri]}).status == status


HOSTS: dict[str, tuple[str, int]] = {
    "public": ("https://data.example/a", 201),
    "loopback": ("https://127.0.0.1/a", 400),
    "loopback in another form": ("https://0x7f000001/a", 400),
    "private": ("https://10.0.0.7/a", 400),
    "a cloud's own": ("https://169.254.169.254/a", 400),
    "without a dot": ("https://minio/a", 400),
    "private and listed": ("https://10.0.0.8:9000/a", 201),
}


@pytest.mark.parametrize(("uri", "status"), HOSTS.values(), ids=HOSTS.keys())
def test_private_hosts_are_refused_unless_they_are_listed(uri: str, status: int, tmp_path: pathlib.Path) -> None:
    reach = Reach(own_machine=True, allowed_endpoints=("https://10.0.0.8:9000",))
    with serving(tmp_path, AnnotationRules(reach=reach)) as server:
        answer = server.call("PUT", "/datasets/fruit", BODY | {"annotationFileUris": [uri]})
        assert answer.status == status, answer.body
        if status == 400:
            assert answer.json["error"]["code"] == "DatasetInvalidAnnotationUri"
