"""The files that every screen loads: style sheets and scripts, all from this host. Must not know screens."""

import hashlib
import importlib.resources
from typing import Final

from darkroom_report.templating import STYLE_SHEET

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def _read() -> dict[str, tuple[bytes, str]]:
    files = (importlib.resources.files(__package__) / "static").iterdir()
    own = {file.name: (file.read_bytes(), _TYPES[file.name.rpartition(".")[2]]) for file in files}
    return {**own, "style.css": (STYLE_SHEET.encode(), "text/css")}


ASSETS: Final = _read()
"""Bytes and media type by name."""
VERSION: Final = hashlib.sha256(b"".join(ASSETS[name][0] for name in sorted(ASSETS))).hexdigest()[:12]
"""In each address, so that a browser keeps no older one."""
