"""Images in a folder for each class: which tag each has, and which folders are no classes.

Owns the rules of the names. Pure: names in, tags out. Must not do: I/O.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

SPLIT_NAMES: Final = frozenset({
    "train", "training", "trainval", "val", "valid", "validation", "test", "testing", "dev", "eval", "evaluation",
})  # fmt: skip


@dataclass(frozen=True)
class ClassFolders:
    """Paths of images by their tag, in the order of tags.

    `deeper` are those in folders below a class's, `beside` those in no folder. `respelled` tags have folders in several
    Unicode forms.
    """

    images: dict[str, list[str]]
    deeper: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    respelled: list[str] = field(default_factory=list)

    def find_splits(self) -> list[str]:
        """Return the folders where they are train, val and test, and not classes."""
        tops = {path.partition("/")[0] for paths in (*self.images.values(), self.deeper) for path in paths}
        return sorted(tops) if tops and all(top.casefold() in SPLIT_NAMES for top in tops) else []


def sort_into_classes(paths: Iterable[str]) -> ClassFolders:
    """Return images by their classes: the tag is the folder's name, in Unicode's composed form (NFC)."""
    found: dict[str, list[str]] = {}
    spellings: dict[str, set[str]] = {}
    deeper, beside = [], []
    for path in paths:
        folder, *rest = path.split("/")
        if not rest:
            beside.append(path)
        elif len(rest) > 1:
            deeper.append(path)
        else:
            tag = unicodedata.normalize("NFC", folder)
            found.setdefault(tag, []).append(path)
            spellings.setdefault(tag, set()).add(folder)
    respelled = sorted(tag for tag, forms in spellings.items() if len(forms) > 1)
    return ClassFolders({tag: found[tag] for tag in sorted(found)}, deeper, beside, respelled)


def list_nested(paths: Sequence[str]) -> dict[str, list[str]]:
    """Return paths by the folder that they are in."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    return folders
