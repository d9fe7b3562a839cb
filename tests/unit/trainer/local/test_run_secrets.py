"""Everything that a run leaves is searched for the secrets that it was given."""

import base64
import json
import logging
import pathlib
from collections.abc import Iterator

import pytest

from darkroom_trainer.command import main
from tests.certificate import HOST, write_certificate
from tests.secret_search import SIGNED_HEADER, find_leaks, read_files
from tests.token_container import serve_container
from tests.unit.trainer.run_builders import a_dataset, a_model, read_items, write_images, write_manifests

SIGNATURE = "c2lnbmF0dXJl0123456789"
PASSWORD = "pass-of-nobody"  # noqa: S105 - of nobody
KEY_PARTS = ("first-part-of-a-key", "second-part-of-a-key")
SECRETS = (SIGNATURE, PASSWORD, *KEY_PARTS)
TOKEN = f"sv=2022-11-02&sr=c&sp=rl&sig={SIGNATURE}"


@pytest.fixture
def base(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a folder as the container `fruit`; return its address."""
    certificate, served = tmp_path / "both.pem", tmp_path / "served"
    write_certificate(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    write_images(tmp_path, count=12)
    served.mkdir()
    (tmp_path / "data").rename(served / "fruit")
    with serve_container(served, certificate, SIGNATURE) as port:
        url = f"https://{HOST}:{port}/fruit"
        document = json.loads((served / "fruit/train.json").read_text())
        for image in document["images"]:
            image["absolute_url"] = f"{url}/{image['file_name']}"
        (served / "fruit/train.json").write_text(json.dumps(document))
        yield url


@pytest.mark.parametrize(
    "text",
    ['key=a/b+c"d', "?sig=a%2Fb%2Bc%22d", json.dumps({"key": 'a/b+c"d'}), base64.b64encode(b'a/b+c"d').decode()],
    ids=["as it is", "in an address", "in JSON", "in a Kubernetes Secret"],
)
def test_the_search_finds_a_secret_however_it_is_written(text: str) -> None:
    assert find_leaks(['a/b+c"d', "other"], {"file": text.encode()}) == {'a/b+c"d': ["file"]}


@pytest.mark.slow
def test_nothing_that_a_run_leaves_or_says_holds_a_secret(
    base: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="darkroom_trainer")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "\n".join(KEY_PARTS))
    manifests = write_manifests(
        tmp_path,
        a_dataset(annotationFiles=[f"{base}/train.json?{TOKEN}"]),
        a_dataset("expired", annotationFiles=[f"{base}/none.json?{TOKEN}"]),
        a_dataset("odd", annotationFiles=[f"{base.replace('://', f'://me:{PASSWORD}@')}/train.json"]),
        a_dataset("bucket", annotationFiles=["s3://b/t.json"], storage={"endpoint": "http://127.0.0.1:9"}),
        a_model(budget="20s"),
    )
    output = tmp_path / "out"
    main(["run", "-f", manifests, "--output", str(output)])
    found, said = read_items(output), "".join(capfd.readouterr())
    phases = {name: item["status"]["phase"] for name, item in found.items()}
    assert phases["Dataset/fruit"] == "Ready"
    assert phases["Model/sorter"] in ("Succeeded", "Failed")
    assert "a user name or a password" in found["Dataset/odd"]["status"]["message"]
    assert "AWS_SECRET_ACCESS_KEY holds a line end" in found["Dataset/bucket"]["status"]["message"]
    assert list((output / "artifacts/dataset-fruit").iterdir())
    spoken = {"stdout and stderr": said.encode(), "logs": caplog.text.encode()}
    assert find_leaks((*SECRETS, SIGNED_HEADER), {**read_files(output), **spoken}) == {}
