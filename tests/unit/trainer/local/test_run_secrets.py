"""Everything that a run leaves is searched for the secrets that it was given."""

import http.server
import json
import logging
import pathlib
import ssl
import threading
import urllib.parse
from collections.abc import Iterator

import pytest

from darkroom_trainer.command import main
from tests.certificate import HOST, write_certificate
from tests.unit.trainer.run_builders import a_dataset, a_model, read_items, write_images, write_manifests

SIGNATURE = "c2lnbmF0dXJl0123456789"
PASSWORD = "pass-of-nobody"  # noqa: S105 - of nobody
KEY_PARTS = ("first-part-of-a-key", "second-part-of-a-key")
SECRETS = (SIGNATURE, PASSWORD, *KEY_PARTS)
TOKEN = f"sv=2022-11-02&sr=c&sp=rl&sig={SIGNATURE}"


class Container(http.server.SimpleHTTPRequestHandler):
    """A container that wants its token for each file, as that cloud's do."""

    def do_GET(self) -> None:
        if SIGNATURE not in urllib.parse.urlsplit(self.path).query:
            self.send_error(409, "Public access is not permitted on this storage account.")
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a folder as the container `fruit`; return its address."""
    certificate, served = tmp_path / "both.pem", tmp_path / "served"
    write_certificate(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    write_images(tmp_path, count=12)
    served.mkdir()
    (tmp_path / "data").rename(served / "fruit")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *fields: Container(*fields, directory=str(served))
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://{HOST}:{server.server_address[1]}/fruit"
    document = json.loads((served / "fruit/train.json").read_text())
    for image in document["images"]:
        image["absolute_url"] = f"{url}/{image['file_name']}"
    (served / "fruit/train.json").write_text(json.dumps(document))
    yield url
    server.shutdown()


def search(folder: pathlib.Path) -> dict[str, list[str]]:
    """Return the files in which each secret is found."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {secret: [str(path) for path in files if secret.encode() in path.read_bytes()] for secret in SECRETS}


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
    assert search(output) == {secret: [] for secret in SECRETS}
    assert [secret for secret in SECRETS if secret in said or secret in caplog.text] == []
