"""What a run leaves, searched for the secrets that were planted before it: as they are, and as formats write them."""

import base64
import json
import pathlib
import urllib.parse
from collections.abc import Iterable, Mapping

SIGNED_HEADER = "AWS4-HMAC-SHA256 Credential"
"""The beginning of the header that signs a request to a bucket."""


def read_files(folder: pathlib.Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def find_leaks(planted: Iterable[str], left: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return which of the planted secrets are in what is left, and where; empty is what is wanted."""
    forms = {secret: list_forms(secret) for secret in planted}
    found = {
        secret: [where for where, data in left.items() if any(form in data for form in written)]
        for secret, written in forms.items()
    }
    return {secret: places for secret, places in found.items() if places}


def list_forms(secret: str) -> set[bytes]:
    """Return a secret as it is in a text, in an address, in JSON and in a Kubernetes Secret."""
    encoded = secret.encode()
    texts = {secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1]}
    return {text.encode() for text in texts} | {base64.b64encode(encoded).rstrip(b"=")}
