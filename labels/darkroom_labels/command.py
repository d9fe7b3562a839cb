"""`darkroom labels merge`: its files, its last words and its exit code.

Owns what a person sees of it, and which file is which tool's. Must not do: the merge.
"""

import contextlib
import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_labels.coco_labels import build_document
from darkroom_labels.coco_reading import read_coco
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.label_studio_export import read_export
from darkroom_labels.merging import Merged, merge_labels
from darkroom_labels.readings import Reading

MAX_BYTES: Final = 1 << 30
"""Of all files together, which are held in memory while they are merged."""


@dataclass(frozen=True)
class MergeOrder:
    """The arguments of the command."""

    base: pathlib.Path
    reviewed: Sequence[pathlib.Path]
    to: pathlib.Path
    add_tags: bool = False


def run_merge(order: MergeOrder) -> int:
    """Write the merged file and say what is in it; returns 0, or 1 after saying what is wrong."""
    try:
        merged = _merge(order)
        _write(order.to, build_document(merged.file))
    except LabelsUnusable as problem:
        _say(f"darkroom labels merge: {problem}")
        return 1
    for note in merged.notes:
        _say(note)
    print(_describe(order, merged))
    return 0


def _merge(order: MergeOrder) -> Merged:
    paths = [order.base, *order.reviewed]
    same = next((path for path in paths if path.resolve() == order.to.resolve()), None)
    if same is not None:
        raise LabelsUnusable(f"--to {order.to}: it is one of the files that are read; give another name")
    names = [path.name if sum(other.name == path.name for other in paths) == 1 else str(path) for path in paths]
    _check_sizes(paths, names)
    base, *reviewed = (_read(path, name) for path, name in zip(paths, names, strict=True))
    return merge_labels(base, reviewed, add_tags=order.add_tags)


def _read(path: pathlib.Path, name: str) -> Reading:
    """Return what a file of any of the known tools says."""
    with _explained(path):
        data = path.read_bytes()
    return read_labels(data, name)


def _check_sizes(paths: Sequence[pathlib.Path], names: Sequence[str]) -> None:
    """Raise LabelsUnusable for the file with which there are more bytes than are read."""
    num_bytes = 0
    for path, name in zip(paths, names, strict=True):
        with _explained(path):
            num_bytes += path.stat().st_size
        if num_bytes > MAX_BYTES:
            text = f"the files up to here have {num_bytes:,} bytes, at most {MAX_BYTES:,} are read together"
            raise LabelsUnusable(f"{name}: {text}; leave out what is reviewed, or merge in several steps")


@contextlib.contextmanager
def _explained(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LabelsUnusable(f"{path}: it cannot be read ({error.strerror})") from error


def read_labels(data: bytes, name: str) -> Reading:
    """Return what the bytes of a file called `name` say; raises LabelsUnusable."""
    try:
        document = json.loads(data)
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise LabelsUnusable(f"{name}: a text in it holds half of a character; write it anew") from error
    except RecursionError as error:
        raise LabelsUnusable(f"{name}: its JSON is nested too deeply for a file of labels") from error
    except ValueError as error:
        raise LabelsUnusable(f"{name}: it is not JSON ({error}); export COCO, or Label Studio's JSON") from error
    if isinstance(document, list):
        return read_export(document, name)
    if isinstance(document, dict):
        return read_coco(document, name)
    raise LabelsUnusable(f"{name}: it is neither a COCO file nor an export of Label Studio")


def _write(path: pathlib.Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        pathlib.Path(name).chmod(0o644)
        pathlib.Path(name).replace(path)
    except OSError as error:
        raise LabelsUnusable(f"--to {path}: it cannot be written ({error.strerror})") from error


def _describe(order: MergeOrder, merged: Merged) -> str:
    file = merged.file
    count = sum(len(image.labels) for image in file.images)
    lines = [
        f"{order.to}: {len(file.images):,} images, {count:,} labels, {len(file.tags):,} tags",
        f"{merged.kept:,} images as in {order.base.name}, {merged.reviewed:,} as reviewed, "
        f"{merged.empty:,} of these with nothing to be seen",
    ]
    has_names = any(image.file_name and not image.absolute_url for image in file.images)
    if has_names and order.to.resolve().parent != order.base.resolve().parent:
        lines.append(
            f"file names in it are relative to {order.base.parent}: set imageRoot of the Dataset to that folder"
        )
    return "\n".join(lines)


def _say(text: str) -> None:
    """Say a line, of which strangers may have written a part: nothing that a terminal obeys."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    print(shown, file=sys.stderr)
