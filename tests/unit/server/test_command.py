"""`darkroom serve --local` as a person starts it: its key, its folder, its end."""

import contextlib
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from bench.clusters.ports import find_free_port
from darkroom_server import command
from darkroom_server.http.problems import Problem
from darkroom_server.resources.addresses import place_files
from tests.certificate import make_certificate
from tests.support.server.running import Answer, send

VERSION = "api-version=2023-04-01-preview"
DATASET = {"annotationKind": "imageClassification", "annotationFileUris": ["https://data.example/train.json"]}


def _start(folder: pathlib.Path, port: int, *more: str) -> "subprocess.Popen[str]":
    arguments = ("serve", "--local", str(folder), "--port", str(port), *more)
    start = [sys.executable, "-m", "darkroom_trainer.command", *arguments]
    return subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def _serving(folder: pathlib.Path, *more: str) -> Iterator[tuple[str, list[str]]]:
    """Run the command for the block; yields its address and what it printed."""
    port = find_free_port()
    process = _start(folder, port, *more)
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(2 if "--key-file" in more else 3)]
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", lines
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _call(address: str, path: str, key: str, body: Any = None, method: str = "GET") -> Answer:
    return send(address, f"/computervision{path}?{VERSION}", body, {"Ocp-Apim-Subscription-Key": key}, method)


def test_it_prints_a_generated_key_and_keeps_it_and_its_resources_over_a_restart(tmp_path: pathlib.Path) -> None:
    folder, keys = tmp_path / "state", []
    for _ in range(2):
        with _serving(folder) as (address, lines):
            assert lines[0] == f"darkroom serve: {address}, resources in {folder}\n"
            assert lines[2] == f"page: {address}/ui/\n"
            keys.append(lines[1].split()[1])
            if len(keys) == 1:
                assert _call(address, "/datasets/fruit", keys[0], DATASET, "PUT").status == 201
            assert _call(address, "/datasets/fruit", keys[0]).json["name"] == "fruit"
            assert _call(address, "/datasets/fruit", "another-key-012345").status == 401
    assert keys[0] == keys[1]
    assert len(keys[0]) >= 32
    assert (folder / "key").stat().st_mode & 0o777 == 0o600


def test_a_key_of_a_file_opens_it_and_is_not_printed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "mine").write_text("a-key-of-my-own-0123456\n")
    with _serving(tmp_path / "state", "--key-file", str(tmp_path / "mine")) as (address, lines):
        assert "a-key-of-my-own" not in "".join(lines)
        assert _call(address, "/models", "a-key-of-my-own-0123456").json == {"value": []}
    assert not (tmp_path / "state/key").exists()


def test_with_a_certificate_it_speaks_https(tmp_path: pathlib.Path) -> None:
    private, certificate = make_certificate()
    (tmp_path / "key.pem").write_bytes(private)
    (tmp_path / "cert.pem").write_bytes(certificate)
    given = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with _serving(tmp_path / "state", *given) as (address, lines):
        assert "https://127.0.0.1" in lines[0]
        context = ssl.create_default_context(cadata=certificate.decode())
        url = address.replace("http://127.0.0.1", "https://localhost")
        with urllib.request.urlopen(f"{url}/v2/health/live", context=context) as answer:
            assert answer.status == 200


def test_the_folder_of_another_server_is_refused(tmp_path: pathlib.Path) -> None:
    with _serving(tmp_path / "state"):
        second = _start(tmp_path / "state", find_free_port())
        _, said = second.communicate(timeout=30)
    assert (second.returncode, "another server uses this folder" in said) == (1, True)


def test_a_port_that_is_taken_is_said_to_be(tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = _start(tmp_path / "state", port)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"--host 127.0.0.1 --port {port}: nobody can listen there" in said


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--tls-cert", "cert.pem"), 2, "--tls-cert and --tls-key belong together"),
        (("--tls-cert", "cert.pem", "--tls-key", "key.pem"), 1, "--tls-cert cert.pem --tls-key key.pem: are no"),
        (("--allow-url", "ftp://x/"), 2, "does not begin with http"),
        (("--allow-folder", "nowhere"), 2, "is not a folder"),
        (("--key-file", "nothing"), 1, "nothing: the key cannot be read"),
        (("--port", "0"), 2, "0 is less than 1"),
    ],
)
def test_what_is_wrong_with_the_arguments_is_said(
    tmp_path: pathlib.Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    process = _start(tmp_path / "state", find_free_port(), *arguments)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, says in said) == (code, True), said


def test_without_a_cluster_neither_torch_nor_kubernetes_is_imported() -> None:
    told = (
        "import sys, darkroom_server.command; print([n for n in ('torch', 'kubernetes', 'kopf') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == "[]\n"


def test_allowed_addresses_count_for_images_and_for_annotation_files() -> None:
    options = command.LocalOptions(pathlib.Path("/x"), "127.0.0.1", 1, allowed_urls=("http://10.1.2.3/a/",))
    config = command.build_config(options)
    assert config.fetching.allowed_prefixes == ("http://10.1.2.3/a/",)
    assert config.annotations.reach is not None
    assert config.annotations.reach.allowed_endpoints == ("http://10.1.2.3",)


@pytest.mark.parametrize(
    "name",
    ["state/key", "state/secrets/default/token-1/SAS_URL", "state/x/../key", "./state/key", "st%61te/key", "state"],
)
def test_no_dataset_names_the_servers_own_folder_though_it_lies_below_an_allowed_one(name: str) -> None:
    options = command.LocalOptions(pathlib.Path("/w/state"), "127.0.0.1", 1, allowed_folders=(pathlib.Path("/w"),))
    rules = command.build_config(options).annotations
    assert place_files(["file:///w/statement.json"], rules, is_identity=False).files == ("file:///w/statement.json",)
    with pytest.raises(Problem, match=r"own folder|is not below"):
        place_files([f"file:///w/{name}"], rules, is_identity=False)


@pytest.mark.parametrize(("model", "built_in"), [(None, None), ("Shelf", ("default", "Shelf"))])
def test_the_model_behind_the_built_in_one_is_that_of_the_option(
    model: str | None, built_in: tuple[str, str] | None
) -> None:
    options = command.LocalOptions(pathlib.Path("/x"), "127.0.0.1", 1, product_model=model)
    assert command.build_config(options).runs.built_in == built_in
