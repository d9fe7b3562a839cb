"""A YOLO dataset from storage: its data.yaml, the images that it leads to, and the labels beside them.

Owns where each of them is looked for. Must not do: parse them, or read an image.
"""

from collections.abc import Iterator
from typing import Final

from darkroom_api.v1alpha1.dataset import AnnotationFormat, Split
from darkroom_storage.errors import ObjectMissing
from darkroom_trainer.data.coco.addresses import AddressBook, find_folder, find_uris
from darkroom_trainer.data.formats import yolo_index, yolo_labels
from darkroom_trainer.data.formats.line_files import LineFile, LineFileBuilder, read_tags
from darkroom_trainer.data.formats.yolo_index import YoloIndex
from darkroom_trainer.data.formats.yolo_labels import LineForm, YoloFile
from darkroom_trainer.data.records.findings import Issue
from darkroom_trainer.data.sources import annotation_files, layouts
from darkroom_trainer.data.sources.label_source import LabelSource, describe_unread
from darkroom_trainer.data.sources.listing import find_prefix, show_folder

_MAX_LIST_BYTES: Final = 256 << 20
_MAX_SHOWN: Final = 100


def read_yolo(source: LabelSource, uri: str, name: str) -> tuple[LineFile, str] | None:
    """Return what a data.yaml stands for, and the folder of its images; None where problems are noted.

    Raises RunError where it cannot be read.
    """
    text = annotation_files.read_annotations(source.storage, uri, AnnotationFormat.YOLO)
    source.note_hash(text)
    index = yolo_index.read_index(text, name, source.findings)
    if index is None:
        return None
    root = (source.dataset.image_root or find_folder(uri)).rstrip("/")
    reader = _Reader(source, index, name, root)
    names = reader.find_images()
    file = reader.read_labels(names) if names else None
    return (file, root) if file is not None else None


class _Reader:
    """One data.yaml, whose images are below `root`."""

    def __init__(self, source: LabelSource, index: YoloIndex, name: str, root: str) -> None:
        self._source = source
        self._index = index
        self._name = name
        self._root = root
        self._known = yolo_index.describe_classes(index.names)
        self._book: AddressBook = source.build_book(root)

    def find_images(self) -> list[str]:
        """Return the names of the images of the splits that are read; none where a problem is noted."""
        names: dict[str, None] = {}
        for split in self._source.dataset.splits:
            entries = self._index.entries[split]
            if not entries:
                self._note(f"has no {split}: name the folder of its images, or a list of them (.txt)")
            for entry in entries:
                names.update(dict.fromkeys(self._find_entry(split, entry)))
        if Split.VAL not in self._source.dataset.splits and self._index.entries[Split.VAL]:
            said = "val is not read: a Dataset with splits: [val] is for a Model's evaluationDataset"
            self._source.findings.advise(Issue.LEFT_OUT, self._name, said)
        return list(names)

    def _find_entry(self, split: Split, entry: str) -> list[str]:
        places = yolo_index.list_places(self._index, entry)
        if not places:
            self._note(
                f"{split} names {entry!r}, which is not below the folder of {self._name}; "
                "write it relative to that folder, or set imageRoot to the folder that it is below"
            )
            return []
        if entry.strip().lower().endswith(".txt"):
            return self._read_list(split, entry, places)
        if self._root.startswith("https://"):
            self._note(f"{split} names a folder, and https:// lists none; name a list of its images (.txt)")
            return []
        return self._list_images(split, entry, places)

    def _list_images(self, split: Split, entry: str, places: list[str]) -> list[str]:
        for place in places:
            uris = (self._root,) if place == "." else find_uris(place, self._book)
            if not uris:
                self._note(f"{split} names {entry!r}, which is no path; rename the folder")
                return []
            found = self._source.list_folder(uris[0], f"{self._name} {split}")
            if found.pictures:
                return [name if place == "." else f"{place}/{name}" for name in found.pictures]
            if not found.is_empty:
                self._note(f"{split} names {entry!r}, where no image is{_suggest(found.samples)}")
                return []
        folder = show_folder(f"{find_prefix(self._root)}{places[0]}")
        self._note(
            f"{split} names {entry!r}, and there is nothing below {folder}; upload it, or set imageRoot to the folder "
            "that it is below"
        )
        return []

    def _read_list(self, split: Split, entry: str, places: list[str]) -> list[str]:
        for place in places:
            uris = find_uris(place, self._book)
            for text in self._source.read_labels([uris], _MAX_LIST_BYTES):
                if isinstance(text, bytes):
                    return self._take_list(split, entry, yolo_index.read_list(text, place, self._source.most_images))
                if not isinstance(text, ObjectMissing):
                    self._note(f"{split} names {entry!r}, which cannot be read: {text}")
                    return []
        self._note(f"{split} names {entry!r}, a list that is not there; upload it, or fix the path")
        return []

    def _take_list(self, split: Split, entry: str, listed: list[str]) -> list[str]:
        most = self._source.most_images
        if len(listed) > most:
            said = f"{split} names {entry!r}, which lists more than {most:,} images, the most that is taken"
            self._note(f"{said}; divide it into several Datasets")
        return [yolo_index.make_relative(name, self._index) for name in listed[:most]]

    def read_labels(self, names: list[str]) -> LineFile | None:
        """Return the images with their labels; None where a problem of all of them is noted."""
        builder, unlabelled, forms = LineFileBuilder(self._name), list[str](), dict.fromkeys(LineForm, 0)
        texts = self._source.read_labels(self._locate_labels(names), yolo_labels.MAX_BYTES)
        for name, text in zip(names, texts, strict=True):
            label_name = yolo_index.find_label_name(name)
            if not isinstance(text, bytes):
                builder.add_image(name)
                if isinstance(text, ObjectMissing):
                    unlabelled.append(name)
                else:
                    self._source.findings.add(label_name, describe_unread(text))
                continue
            self._take(builder, name, label_name, text, forms)
        self._tell_unlabelled(unlabelled, len(names))
        self._tell_forms(forms)
        tags = read_tags(self._index.names, self._name, self._source.findings)
        file = builder.build(tags, yolo_labels.CONVENTION, YoloFile)
        wrong = yolo_labels.find_wrong_unit(file)
        if wrong is None:
            return file
        self._source.findings.add(*wrong)
        return None

    def _locate_labels(self, names: list[str]) -> Iterator[tuple[str, ...]]:
        for name in names:
            own = find_uris(name, self._book)
            yield tuple(dict.fromkeys(yolo_index.find_label_uri(uri, self._root) for uri in own))

    def _take(
        self, builder: LineFileBuilder, name: str, label_name: str, text: bytes, forms: dict[LineForm, int]
    ) -> None:
        image = builder.add_image(name, label_name)
        parsed = yolo_labels.parse_labels(text, has_keypoints=self._index.has_keypoints)
        for line, problem in parsed.problems:
            self._source.findings.add(f"{label_name} line {line}", problem)
        for found in parsed.objects:
            if found.category not in self._index.names:
                said = f"class {found.category} is not in names of {self._name}, which has {self._known}"
                self._source.findings.add(f"{label_name} line {found.line}", f"{said}; add it there, or fix the line")
                continue
            forms[found.form] += 1
            builder.add_annotation(
                image, found.category, found.line, found.box, is_outline=found.form is LineForm.POLYGON
            )

    def _tell_unlabelled(self, names: list[str], count: int) -> None:
        if not names:
            return
        label_name = yolo_index.find_label_name(names[0])
        if len(names) == count:
            self._note(
                f"leads to no file of labels: none of {count:,} images has one, {names[0]!r} for example would have "
                f"{label_name!r} below {show_folder(find_prefix(self._root))}; upload them there"
            )
            return
        said = (
            f"{len(names):,} of {count:,} have no file of labels and count as showing no object; {names[0]!r} for "
            f"example would have {label_name!r}: label them, or leave an empty file there"
        )
        self._source.findings.advise(Issue.UNLABELLED, "images of the dataset", said, names[:_MAX_SHOWN])

    def _tell_forms(self, forms: dict[LineForm, int]) -> None:
        corners = forms[LineForm.CORNERS]
        if corners:
            said = "hold four corners, as turned (oriented) boxes do: the upright box around them is taken"
            self._source.findings.advise(
                Issue.BOX_FORM, self._name, f"{corners:,} of {sum(forms.values()):,} lines {said}"
            )
        if self._index.has_keypoints:
            said = "gives keypoints (kpt_shape), which are not read: the boxes before them are taken"
            self._source.findings.advise(Issue.LEFT_OUT, self._name, said)

    def _note(self, said: str) -> None:
        self._source.findings.add(self._name, said)


def _suggest(names: list[str]) -> str:
    return layouts.suggest_format(names, AnnotationFormat.YOLO) or "; upload the images there"
