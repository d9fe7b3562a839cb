"""`darkroom run` on a private container: by one token, as users of the retired service have it, and by key."""

import json
import pathlib
from typing import Any

import pytest

from darkroom_trainer.command import main
from tests.secret_search import find_leaks, read_files
from tests.support.storage.azurite import ACCOUNT, CONTAINER, KEY, Azurite
from tests.unit.trainer.run_builders import a_dataset, a_model, read_items, write_images, write_manifests

EXAMPLE = pathlib.Path(__file__).parents[4] / "examples/migration/azure.yaml"
OLD_HOST = "https://myaccount.blob.core.windows.net"


@pytest.fixture
def server(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Azurite:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(azurite.certificate))
    return azurite


@pytest.mark.slow
def test_the_example_of_a_private_container_with_one_token_trains_as_it_is_written(
    server: Azurite, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path, count=12)
    file = tmp_path / "data/train.json"
    document = json.loads(file.read_text())
    for image in document["images"]:
        image["absolute_url"] = f"{OLD_HOST}/fruit/{image.pop('file_name')}"
    file.write_text(json.dumps(document))
    server.create_container("fruit")
    server.put_folder("fruit", tmp_path / "data")
    url = server.sign("fruit", "rwl")
    monkeypatch.setenv("SAS_URL", url)
    output = tmp_path / "out"
    assert main(["run", "-f", str(EXAMPLE), "--output", str(output)]) == 0
    found = read_items(output)
    assert found["Dataset/fruit-azure"]["status"]["phase"] == "Ready"
    assert found["Model/fruit-azure"]["status"]["phase"] == "Succeeded"
    said = "".join(capfd.readouterr()).encode()
    assert find_leaks((url.rpartition("sig=")[2],), {**read_files(output), "said": said}) == {}


@pytest.mark.slow
def test_a_dataset_in_a_container_that_the_accounts_key_opens_trains(
    server: Azurite, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path, count=12)
    server.put_folder(CONTAINER, tmp_path / "data", "by-key/")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    place: dict[str, Any] = {
        "annotationFiles": [f"az://{CONTAINER}/by-key/train.json"],
        "storage": {"endpoint": server.endpoint},
    }
    output = tmp_path / "out"
    manifests = write_manifests(tmp_path, a_dataset(**place), a_model(budget="20s"))
    assert main(["run", "-f", manifests, "--output", str(output)]) == 0
    assert read_items(output)["Model/sorter"]["status"]["phase"] == "Succeeded"
    said = "".join(capfd.readouterr()).encode()
    assert find_leaks((KEY,), {**read_files(output), "said": said}) == {}
