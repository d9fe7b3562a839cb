"""What the readers of folders of labels share: folders listed, many small files read at once, images' addresses.

Owns what a failure of storage means for them. Must not do: know any format.
"""

import functools
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource
from darkroom_storage.errors import AddressForbidden, ObjectMissing, ObjectTooLarge, StorageError, display_uri
from darkroom_storage.objects import PATIENCE_SECONDS, Storage, retry_storage
from darkroom_trainer.data.coco.addresses import AddressBook, build_address_book
from darkroom_trainer.data.coco.totals import MAX_IMAGES
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.data.sources import surroundings
from darkroom_trainer.data.sources.listing import FolderListing, find_prefix, list_files, show_folder
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.pooling import map_in_order
from darkroom_trainer.runtime.storage_failures import explain_storage_error

MAX_TOTAL_BYTES: Final = 1 << 30
"""Of all files of labels of a Dataset, as many as one COCO file may have; what they say is held in memory together."""
ShowCount = Callable[[int], None]
OfOneFile = ObjectMissing | ObjectTooLarge | AddressForbidden
"""What says something of one file alone."""


@dataclass
class LabelSource:
    """A Dataset whose labels lie in many files; `hashes` gets one for the labels of each entry of annotationFiles."""

    storage: Storage
    dataset: DatasetSource
    findings: Findings
    show_count: ShowCount
    hashes: list[bytes] = field(default_factory=list)
    num_bytes: int = 0
    """Of the files of labels that were read."""

    @property
    def most_images(self) -> int:
        """Return how many images a Dataset of this kind may have."""
        return MAX_IMAGES[self.dataset.annotation_kind]

    def build_book(self, image_root: str) -> AddressBook:
        """Return how images below a folder are found."""
        return build_address_book(image_root, self.dataset.url_mappings, self.dataset.local_roots)

    def note_hash(self, text: bytes) -> None:
        """Take the text of a file into the revision."""
        self.hashes.append(hashlib.sha256(text).digest())

    def list_folder(self, folder: str, subject: str, label_ending: str | None = None) -> FolderListing:
        """Return the files below a folder, and note a problem where there are too many; raises RunError."""
        prefix = find_prefix(folder)
        try:
            found = list_files(self.storage, prefix, self.most_images, self.show_count, label_ending)
        except StorageError as error:
            raise explain_storage_error(error, self.storage.access, subject=subject) from error
        if found.is_cut:
            said = f"{show_folder(prefix)} holds more than {self.most_images:,} images, which is the most that is taken"
            self.findings.add(subject, f"{said}; divide it into several Datasets")
        return found

    def may_list(self, folder: str) -> bool:
        """Return whether a folder that no field names may be looked into: on a disk, only those that may be read."""
        if folder.startswith("file:"):
            return any(f"{folder}/".startswith(f"{root}/") for root in self.dataset.local_roots)
        return not folder.endswith(":/")

    def refuse_missing(self, folder: str) -> RunError:
        """Return the end of a run whose folder of labels holds nothing."""
        prefix = find_prefix(folder)
        near = surroundings.explain_missing(self.storage, [prefix.rstrip("/")])[0].words
        message = f"annotationFiles: there is nothing below {show_folder(prefix)}{near}"
        return RunError(Reason.DATASET_NOT_FOUND, message)

    def read_labels(self, addresses: Iterable[tuple[str, ...]], most_bytes: int) -> Iterator[bytes | OfOneFile]:
        """Yield each file of labels, given by the spellings of its address (none of one that may not be read), or why
        it cannot be read.

        Notes one hash of all. Raises RunError where storage fails for longer than a run waits, and for the file with
        which all labels of the Dataset are more than are taken.
        """
        stop, digest = threading.Event(), hashlib.sha256()

        def read(_place: int, uris: tuple[str, ...]) -> tuple[str, bytes | OfOneFile]:
            return next(iter(uris), ""), self._read_first(uris, most_bytes, stop)

        try:
            for number, (uri, text) in enumerate(map_in_order(read, addresses, "labels", stop), start=1):
                self.show_count(number)
                self._count(uri, text)
                # A length before each, so that no two different rows of files are one row of bytes.
                digest.update(f"{len(text)}\n".encode() + text if isinstance(text, bytes) else b"-\n")
                yield text
        except StorageError as error:
            raise explain_storage_error(error, self.storage.access, subject="labels") from error
        self.hashes.append(digest.digest())

    def _count(self, uri: str, text: bytes | OfOneFile) -> None:
        self.num_bytes += len(text) if isinstance(text, bytes) else 0
        if self.num_bytes > MAX_TOTAL_BYTES:
            taken = f"its labels up to {display_uri(uri)} have {self.num_bytes:,} bytes, at most"
            message = f"dataset {self.dataset.name}: {taken} {MAX_TOTAL_BYTES:,} are read together"
            raise RunError(Reason.DATASET_CORRUPT, f"{message}; divide it into several Datasets")

    def _read_first(self, uris: tuple[str, ...], most_bytes: int, stop: threading.Event) -> bytes | OfOneFile:
        """Return the first file that is there; `stop` ends the pauses between tries."""
        missing: OfOneFile = ObjectMissing("its address")

        def pause(seconds: float) -> None:
            stop.wait(seconds)

        for uri in uris:
            try:
                read = functools.partial(self.storage.read, uri, most_bytes)
                return retry_storage(read, PATIENCE_SECONDS, sleep=pause).data
            except ObjectMissing as error:
                missing = error
            except (ObjectTooLarge, AddressForbidden) as error:
                return error
        return missing


def describe_unread(error: OfOneFile) -> str:
    """Return why a file of labels that is there could not be read."""
    what = f"is larger than a file of labels ({error.detail})" if isinstance(error, ObjectTooLarge) else str(error)
    return f"{what}; give the labels of one image"
