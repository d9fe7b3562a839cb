"""A kubeconfig file: which server it names, and how to be believed there. Reads only what kubectl itself would."""

import base64
import pathlib
import ssl
import tempfile
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Login:
    """A server's address, and the TLS settings that its administrator uses."""

    server: str
    ssl_context: ssl.SSLContext


def read_context_name(path: pathlib.Path) -> str:
    """Return the context that kubectl would use."""
    return str(yaml.safe_load(path.read_text()).get("current-context"))


def read_login(path: pathlib.Path) -> Login:
    """Return the server and the certificates of the current context."""
    config = yaml.safe_load(path.read_text())
    context = next(entry["context"] for entry in config["contexts"] if entry["name"] == config["current-context"])
    cluster = next(entry["cluster"] for entry in config["clusters"] if entry["name"] == context["cluster"])
    user = next(entry["user"] for entry in config["users"] if entry["name"] == context["user"])
    return Login(cluster["server"], _build_ssl_context(cluster, user))


def _build_ssl_context(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=_decode(cluster["certificate-authority-data"]))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:  # the ssl module takes a client's key from files only
        pair.write(_decode(user["client-certificate-data"]) + _decode(user["client-key-data"]))
        pair.flush()
        context.load_cert_chain(pair.name)
    return context


def _decode(text: str) -> str:
    return base64.b64decode(text).decode()
