"""What form of labels a folder holds, by the names of its files, and what a Dataset has to say to read it.

Pure: names in, words out. Must not do: I/O.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_trainer.data.sources.listing import is_hidden
from darkroom_trainer.data.sources.missing_files import ARCHIVE, NearbyFiles, show_uri

_WANTED: Final = {
    AnnotationFormat.COCO: "annotationFiles names COCO files, of which each lists its images",
    AnnotationFormat.YOLO: "with format YOLO, annotationFiles names a data.yaml",
}
_FILES: Final = (
    (AnnotationFormat.COCO, re.compile(r"\.json$", re.IGNORECASE)),
    (AnnotationFormat.YOLO, re.compile(r"(?:^|/)data\.ya?ml$", re.IGNORECASE)),
)
_VOC: Final = re.compile(r"\.xml$", re.IGNORECASE)
_YOLO_LABELS: Final = re.compile(r"(?:^|/)(?:labels/.*\.txt|classes\.txt)$", re.IGNORECASE)


def describe_folder(folder: str, uris: Iterable[str], wanted: AnnotationFormat) -> str:
    """Return what is said of a folder that is given in place of a file, and what to give instead."""
    names = [name for name in NearbyFiles(folder, uris).names if not is_hidden(name)]
    return f"{show_uri(folder)} is a folder; {_WANTED[wanted]}{suggest_format(names, wanted) or ': name one'}"


def suggest_format(names: Sequence[str], wanted: AnnotationFormat) -> str:
    """Return what a folder holds that is not read as `wanted`, and what to give for it; "" where nothing is known."""
    for other, ending in _FILES:
        found = _find(ending, names)
        if found is not None:
            return f". It holds {found!r}: name the file{'' if other is wanted else f', and set format: {other}'}"
    found = _find(_VOC, names)
    if found is not None and wanted is not AnnotationFormat.PASCAL_VOC:
        return f". It holds labels of Pascal VOC (XML), such as {found!r}: set format: PascalVOC"
    found = _find(_YOLO_LABELS, names)
    if found is not None:
        how = "name the data.yaml that leads to them, and set format: YOLO"
        return f". It holds labels of YOLO (text), such as {found!r}: {how}"
    found = _find(ARCHIVE, names)
    if found is not None:
        return f". It holds {found!r}: unpack it and name what is in it"
    found = next((name for name in names if "/" in name), None)
    if found is not None and wanted is not AnnotationFormat.FOLDERS:
        return f". It holds files in folders, such as {found!r}: where each is named after a class, set format: Folders"
    return ""


def _find(ending: re.Pattern[str], names: Iterable[str]) -> str | None:
    return next((name for name in names if ending.search(name)), None)
