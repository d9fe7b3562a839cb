"""Which data a model was trained on, as one hash. Pure. Must not do: I/O."""

import hashlib
from collections.abc import Iterable, Sequence

from darkroom_storage.errors import display_uri
from darkroom_storage.objects import ObjectInfo


def compute_revision(hashes: Sequence[bytes], located: Iterable[tuple[str, ObjectInfo]]) -> str:
    """Return one hash, `sha256:...`, of annotation files (SHA-256 each) and every image's address, size and ETag."""
    digest = hashlib.sha256()
    for text_hash in hashes:
        digest.update(text_hash)
    for uri, info in located:
        digest.update(f"{display_uri(uri)}\0{info.size}\0{info.etag}\n".encode())
    return f"sha256:{digest.hexdigest()}"
