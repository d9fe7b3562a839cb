"""What the server of a cluster needs to start; that it serves is tested in tests/faults and tests/cluster."""

import asyncio
import pathlib

import pytest

from bench.clusters.kubeconfig import write_kubeconfig
from darkroom_server.auth.keys import KeysUnusable
from darkroom_server.backends.backend import Unavailable
from darkroom_server.config_file import parse_config
from darkroom_server.running.cluster_server import run_cluster_server
from darkroom_server.running.process import Terms
from tests.certificate import write_certificate

TERMS = Terms(port=0, probe_port=0, linger_seconds=0, grace_seconds=1)


def test_without_a_login_it_does_not_start(tmp_path: pathlib.Path) -> None:
    with pytest.raises(Unavailable, match="cannot log in"):
        asyncio.run(run_cluster_server(parse_config({}, "test"), str(tmp_path / "absent"), TERMS))


def test_with_keys_that_cannot_be_used_it_does_not_start(tmp_path: pathlib.Path) -> None:
    keys, kubeconfig, authority = tmp_path / "keys", tmp_path / "kubeconfig", tmp_path / "ca.pem"
    keys.mkdir()
    write_certificate(authority)
    (keys / "vision.app").write_text("short")
    write_kubeconfig(kubeconfig, 1, authority, "token")
    config = parse_config({"access": {"keysFolder": str(keys)}}, "test")
    with pytest.raises(KeysUnusable, match=r"vision\.app"):
        asyncio.run(run_cluster_server(config, str(kubeconfig), TERMS))
