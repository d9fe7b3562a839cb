"""An entry of the cache: all images of one revision of a dataset at one size, as raw bytes in parts.

Owns the names of its objects, its manifest and its digests. Pure. Must not read or write anything.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import PIL
import pydantic
from PIL import features
from pydantic import Field

from darkroom_api.run_config import DatasetSource
from darkroom_api.schema import Object
from darkroom_predict.images import MAX_SIDE_PX

VERSION: Final = f"1-{PIL.__version__}-{features.version('jpg')}"
"""Of this form, and of the libraries that decide what an image decodes to."""
MANIFEST_NAME: Final = "manifest.json"
SHARD_BYTES: Final = 8 << 20
"""At most, so that sixteen of them are in memory at once; an image that is larger is a part of its own."""
MAX_MANIFEST_BYTES: Final = 8 << 20
SHOWN_DIGITS: Final = 16

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class EntryUnusable(Exception):
    """An entry that no run may use. The text says why, and goes on a sentence about it."""


@dataclass(frozen=True)
class PictureEntry:
    """Which entry: of a dataset, by the folder of all its entries, in one revision, at one size."""

    dataset: str
    revision: str
    size_px: int

    @property
    def prefix(self) -> str:
        """Return how the folders of this revision begin, whatever the size, as this version writes them."""
        return f"{self.dataset}/{_digest_text(f'{VERSION} {self.revision}')}-"

    @property
    def folder(self) -> str:
        """Return its folder below that of the cache."""
        return f"{self.prefix}{self.size_px}"


class PictureManifest(Object):
    """What makes the parts of an entry count: the SHA-256 of each; `records` is that of the images' records."""

    format: Literal[1] = 1
    images: Annotated[int, Field(ge=1)]
    size_px: Annotated[int, Field(ge=1, le=MAX_SIDE_PX)]
    records: Digest
    shards: tuple[Digest, ...]

    def to_bytes(self) -> bytes:
        """Return the text that is stored."""
        return self.model_dump_json(by_alias=True).encode()


def parse_manifest(text: bytes) -> PictureManifest:
    """Return the manifest in `text`; raises EntryUnusable."""
    try:
        return PictureManifest.model_validate_json(text)
    except pydantic.ValidationError as error:
        raise EntryUnusable("its manifest is damaged") from error


def check_shape(manifest: PictureManifest, images: int, size_px: int) -> None:
    """Raise EntryUnusable where the manifest is not that of so many images of this size."""
    shape = (images, size_px, len(list_shards(images, size_px)))
    if (manifest.images, manifest.size_px, len(manifest.shards)) != shape:
        raise EntryUnusable("it holds other images than the dataset has")


def check_part(data: bytes, digest: str, length: int) -> None:
    """Raise EntryUnusable where `data` is not the part that was written."""
    if len(data) != length or compute_digest(data) != digest:
        raise EntryUnusable("a part of it is damaged")


def name_dataset(source: DatasetSource) -> str:
    """Return the folder of a dataset's entries: its name, and what its addresses are, since names are not unique."""
    addresses = "\0".join((*source.annotation_files, source.image_root or ""))
    return f"{source.name}-{_digest_text(addresses)}"


def name_records(digest: str) -> str:
    """Return the name of the object with the images' records."""
    return f"records-{digest[:SHOWN_DIGITS]}"


def name_shard(number: int, digest: str) -> str:
    """Return the name of a part; one of other bytes has another one, so that no writer changes what another wrote."""
    return f"{number:05d}-{digest[:SHOWN_DIGITS]}"


def list_shards(images: int, size_px: int) -> list[tuple[int, int]]:
    """Return the first row of each part, and the row after its last one."""
    rows = max(1, SHARD_BYTES // count_image_bytes(size_px))
    return [(begin, min(begin + rows, images)) for begin in range(0, images, rows)]


def count_image_bytes(size_px: int) -> int:
    """Return what an image takes."""
    return size_px * size_px * 3


def compute_digest(data: bytes) -> str:
    """Return the SHA-256 of a part."""
    return hashlib.sha256(data).hexdigest()


def _digest_text(text: str) -> str:
    return compute_digest(text.encode())[:SHOWN_DIGITS]
