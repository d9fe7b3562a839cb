"""The data.yaml of a YOLO dataset: names of classes, and where the images of each split are.

Owns its syntax, of Ultralytics and of Roboflow. Pure. Must not do: I/O, or look for what it names.
"""

import io
import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from darkroom_api.v1alpha1.dataset import AnnotationFormat, Split
from darkroom_trainer.data import file_types
from darkroom_trainer.data.coco.documents import HALVES
from darkroom_trainer.data.coco.values import show_value
from darkroom_trainer.data.records.findings import Findings, Issue

MAX_BYTES: Final = 1 << 20
_CLASS: Final = re.compile(r"\d{1,9}")
_SPELLINGS: Final = {Split.VAL: ("val", "valid", "validation")}
_DRIVE: Final = re.compile(r"^[A-Za-z]:/")


@dataclass(frozen=True)
class YoloIndex:
    """Tags by the number of their class; for each split, folders of images or lists (.txt), as written.

    `path` is the folder that they are below. `has_keypoints`: a line goes on with points behind its box.
    """

    names: Mapping[int, str]
    path: str
    entries: Mapping[Split, tuple[str, ...]]
    has_keypoints: bool = False


def read_index(text: bytes, name: str, findings: Findings) -> YoloIndex | None:
    """Return what a data.yaml says, None where it is none: problems say why."""
    described = file_types.describe_annotations(text, AnnotationFormat.YOLO)
    if described is not None:
        findings.add(name, described)
        return None
    if len(text) > MAX_BYTES:
        findings.add(name, f"has {len(text):,} bytes, a data.yaml at most {MAX_BYTES:,}; name a data.yaml")
        return None
    content = _load(text, name, findings)
    if content is None:
        return None
    names = _read_names(content, name, findings)
    entries = {split: _read_entries(content, split, name, findings) for split in Split}
    path = content.get("path")
    path = path if isinstance(path, str) and not HALVES.search(path) else ""
    return YoloIndex(names, path, entries, has_keypoints="kpt_shape" in content) if names else None


def _load(text: bytes, name: str, findings: Findings) -> dict[Any, Any] | None:
    try:
        # As text, all of it: a class may be called `no` or `1`.
        content = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        findings.add(f"{name}{line}", f"is not YAML: {error.problem}; write a data.yaml with train, val and names")
        return None
    except (yaml.YAMLError, RecursionError, ValueError):
        findings.add(name, "is not YAML; write a data.yaml with train, val and names")
        return None
    if not isinstance(content, dict):
        findings.add(name, "is not a data.yaml of YOLO: it must be a mapping with train, val and names")
        return None
    return content


def _read_names(content: Mapping[Any, Any], name: str, findings: Findings) -> dict[int, str]:
    """Return the tags; none where there is a problem."""
    written = content.get("names")
    if isinstance(written, list):
        written = dict(enumerate(written))
    if not isinstance(written, dict) or not written:
        findings.add(name, "has no names: list the classes' names, in the order of their numbers")
        return {}
    names: dict[int, str] = {}
    for key, tag in written.items():
        number = int(key) if isinstance(key, int) or _CLASS.fullmatch(str(key)) else None
        if number is None or not isinstance(tag, str):
            said = f"{show_value(key)}: {show_value(tag)}"
            findings.add(name, f"names must give a text for each class number from 0, {said} found")
            return {}
        names[number] = tag
    _compare_count(content.get("nc"), len(names), name, findings)
    return dict(sorted(names.items()))


def _compare_count(written: object, count: int, name: str, findings: Findings) -> None:
    if written is not None and written != str(count):
        said = f"nc is {show_value(written)} and names has {count:,}; names counts, so make nc the same"
        findings.advise(Issue.NAMES, name, said)


def _read_entries(content: Mapping[Any, Any], split: Split, name: str, findings: Findings) -> tuple[str, ...]:
    key = next((key for key in _SPELLINGS.get(split, (split.value,)) if content.get(key)), None)
    written = content[key] if key is not None else []
    entries = written if isinstance(written, list) else [written]
    if not all(isinstance(entry, str) and entry.strip() and not HALVES.search(entry) for entry in entries):
        findings.add(name, f"{key} must be a folder of images, a list of images (.txt), or several of them")
        return ()
    return tuple(entries)


def list_places(index: YoloIndex, entry: str) -> list[str]:
    """Return where an entry may be below the dataset's folder, the likeliest first; none where that is elsewhere.

    As Ultralytics does: `path` counts where it is relative, and leading `../` are dropped, which Roboflow writes.
    """
    path, entry = (_to_slashes(text) for text in (index.path, entry))
    if _is_absolute(entry):
        below = posixpath.relpath(entry, path) if _is_absolute(path) else ".."
        return [] if _leaves(below) else [below]
    own = _drop_leading(entry)
    places = [] if _is_absolute(path) else [posixpath.join(_drop_leading(path), own)]
    tidy = (posixpath.normpath(place) for place in (*places, own))
    return [place for place in dict.fromkeys(tidy) if not _leaves(place)]


def _to_slashes(text: str) -> str:
    return text.strip().replace("\\", "/")


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or "://" in path or bool(_DRIVE.match(path))


def _drop_leading(path: str) -> str:
    while path.startswith(("./", "../")):
        path = path.partition("/")[2].lstrip("/")
    return "" if path in (".", "..") else path


def _leaves(place: str) -> bool:
    return ".." in place.split("/")


def find_label_name(image_name: str) -> str:
    """Return the name of the file with the labels of an image: in `labels`, where the image is in `images`."""
    folders, _, base = image_name.rpartition("/")
    parts = folders.split("/") if folders else []
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return "/".join([*parts, f"{posixpath.splitext(base)[0]}.txt"])


def find_label_uri(image_uri: str, root: str) -> str:
    """Return the address of the labels of an image: by its path below `root`, else by all of its address."""
    address, mark, query = image_uri.partition("?") if image_uri.startswith("https://") else (image_uri, "", "")
    folder = root.partition("?")[0] if mark else root
    folder = folder if folder.endswith(":") else f"{folder}/"  # the root of a volume is its scheme alone
    begin = folder if address.startswith(folder) else ""
    return f"{begin}{find_label_name(address.removeprefix(begin))}{mark}{query}"


def make_relative(name: str, index: YoloIndex) -> str:
    """Return the name of an image below the dataset's folder, where `path` says where that was."""
    path = f"{_to_slashes(index.path).rstrip('/')}/"
    return name.removeprefix(path) if _is_absolute(path) else name


def read_list(text: bytes, list_name: str, most: int) -> list[str]:
    """Return the names of the images in a list, one a line; those that begin with `./` are below the list's folder.

    Of more than `most` names one more is returned.
    """
    folder = posixpath.dirname(list_name)
    names: dict[str, None] = {}
    for line in io.TextIOWrapper(io.BytesIO(text), "utf-8-sig", errors="replace"):
        name = _to_slashes(line)
        if name.startswith("./"):
            name = posixpath.join(folder, name[2:])
        if name:
            names[name] = None
        if len(names) > most:
            break
    return list(names)


def describe_classes(numbers: Collection[int]) -> str:
    """Return the numbers of the classes for a message."""
    least, most = min(numbers), max(numbers)
    is_row = len(numbers) == most - least + 1
    return f"{least} to {most}" if is_row else ", ".join(map(str, sorted(numbers)[:9]))
