"""Which data a model was trained on, as one hash. Pure. Must not do: I/O."""

import hashlib
from collections.abc import Sequence

from darkroom_storage.errors import display_uri
from darkroom_trainer.data.inspection.fetching import CheckedImage
from darkroom_trainer.data.records.catalog import CatalogImage


def compute_revision(
    hashes: Sequence[bytes], images: Sequence[CatalogImage], checked: Sequence[CheckedImage | None]
) -> str:
    """Return one hash, `sha256:...`, of annotation files (SHA-256 each) and every image's address, size and ETag."""
    digest = hashlib.sha256()
    for text_hash in hashes:
        digest.update(text_hash)
    for image, check in zip(images, checked, strict=True):
        if image.uri is not None and check is not None:
            digest.update(f"{display_uri(image.uri)}\0{check.info.size}\0{check.info.etag}\n".encode())
    return f"sha256:{digest.hexdigest()}"
