"""Files of Pascal VOC from storage, and the images that they are about.

Owns where they are listed and read. Must not do: parse XML, or read an image.
"""

import posixpath
from typing import Final

from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_trainer.data.coco.addresses import find_folder, find_uris
from darkroom_trainer.data.formats.line_files import LineFile, LineFileBuilder, read_tags
from darkroom_trainer.data.formats.picture_names import PictureNames
from darkroom_trainer.data.formats.voc_documents import (
    FROM_ONE,
    FROM_ZERO,
    MAX_BYTES,
    VocDocument,
    VocFile,
    VocProblem,
    begins_at_zero,
    parse_document,
)
from darkroom_trainer.data.records.findings import Issue
from darkroom_trainer.data.sources import layouts
from darkroom_trainer.data.sources.label_source import LabelSource, describe_unread
from darkroom_trainer.data.sources.listing import FolderListing, find_prefix

_ENDING: Final = ".xml"
_IMAGE_FOLDERS: Final = ("JPEGImages", "images")
"""Beside a folder of XML files, as the challenge's own data has it, and others."""

Documents = list[tuple[str, VocDocument]]
"""What files say, each with its path below the folder that annotationFiles names."""


def read_voc(source: LabelSource, uri: str, name: str) -> tuple[LineFile, str] | None:
    """Return what a folder of files, or one file, says, and the folder of its images; None where a problem is noted.

    Raises RunError where nothing is there, or where it cannot be read.
    """
    is_folder, is_web = uri.endswith("/"), uri.startswith("https://")
    folder = find_folder(uri)
    listing = FolderListing() if is_web else source.list_folder(folder, name, _ENDING)
    if is_folder and listing.is_empty:
        raise source.refuse_missing(folder)
    if is_folder and not listing.labels:
        found = layouts.suggest_format(sorted([*listing.pictures, *listing.samples]), AnnotationFormat.PASCAL_VOC)
        source.findings.add(name, f"holds no file of Pascal VOC (.xml){found or ': name the folder that does'}")
        return None
    documents = _read_documents(source, uri, name, listing.labels if is_folder else None)
    root, pictures = (source.dataset.image_root or folder, None) if is_web else _find_pictures(source, folder, listing)
    return _Joining(source, name, pictures, is_folder=is_folder).join(documents), root


def _read_documents(source: LabelSource, uri: str, name: str, paths: list[str] | None) -> Documents:
    """Return what the files at `paths` below a folder say, or the one file at `uri`; problems tell of others."""
    book = source.build_book(find_folder(uri))
    addresses = [(uri,)] if paths is None else (find_uris(path, book) for path in paths)
    documents: Documents = []
    texts = source.read_labels(addresses, MAX_BYTES)
    for path, text in zip(paths or [""], texts, strict=True):
        subject = posixpath.join(name, path) if path else name
        if not isinstance(text, bytes):
            source.findings.add(subject, describe_unread(text))
            continue
        try:
            document = parse_document(text)
        except VocProblem as problem:
            source.findings.add(subject, str(problem))
            continue
        documents.append((path or posixpath.basename(name), document))
        for line, said in document.problems:
            source.findings.add(f"{subject} line {line}", said)
    return documents


def _find_pictures(source: LabelSource, folder: str, listing: FolderListing) -> tuple[str, PictureNames]:
    """Return the folder that images are below, and their names there."""
    own = source.dataset.image_root
    if own is not None:
        return own, PictureNames(source.list_folder(own, "imageRoot").pictures)
    parent = find_folder(folder)
    if not listing.pictures and source.may_list(parent):
        for beside in _IMAGE_FOLDERS:
            found = source.list_folder(f"{find_prefix(parent)}{beside}", beside).pictures
            if found:
                return parent, PictureNames([f"{beside}/{name}" for name in found])
    return folder, PictureNames(listing.pictures)


class _Joining:
    """Makes one file of labels of many documents; counts what is told once for all."""

    def __init__(self, source: LabelSource, name: str, pictures: PictureNames | None, *, is_folder: bool) -> None:
        self._source = source
        self._name = name
        self._pictures = pictures
        self._is_folder = is_folder
        self._renamed: list[str] = []

    def join(self, documents: Documents) -> LineFile:
        """Return all objects of all documents."""
        builder = LineFileBuilder(self._name)
        objects = [found for _, document in documents for found in document.objects]
        tags = sorted({found.tag for found in objects})
        numbers = {tag: number for number, tag in enumerate(tags)}
        for path, document in documents:
            subject = posixpath.join(self._name, path) if self._is_folder else self._name
            image = builder.add_image(self._find_image(path, document), subject, image_id=path, size=document.size)
            for found in document.objects:
                builder.add_annotation(image, numbers[found.tag], found.line, found.box, rotation=found.rotation)
        from_zero = sum(map(begins_at_zero, objects))
        self._tell(documents, from_zero, sum(found.is_difficult for found in objects))
        categories = read_tags(dict(enumerate(tags)), self._name, self._source.findings)
        return builder.build(categories, FROM_ZERO if from_zero else FROM_ONE, VocFile)

    def _find_image(self, path: str, document: VocDocument) -> str:
        """Return the name of the image of a document: the one that it gives, else the one that has its own name."""
        if self._pictures is None:
            return document.file_name or f"{posixpath.splitext(path)[0]}.jpg"
        found = self._pictures.find(document.file_name, path)
        if found is None:
            return document.file_name or posixpath.splitext(path)[0]
        if document.file_name and posixpath.basename(found) != posixpath.basename(document.file_name):
            self._renamed.append(path)
        return found

    def _tell(self, documents: Documents, from_zero: int, difficult: int) -> None:
        count = sum(len(document.objects) for _, document in documents)
        advise = self._source.findings.advise
        if from_zero:
            said = f"{from_zero:,} of {count:,} bndbox begin at 0 or hold fractions: all are read as counted from 0, "
            advise(Issue.BOX_FORM, self._name, f"{said}though Pascal VOC counts pixels from 1")
        if difficult:
            said = "objects are marked as difficult: they are learned and measured as all others"
            advise(Issue.BOX_FORM, self._name, f"{difficult:,} of {count:,} {said}")
        if self._renamed:
            said = "files give a filename that is not there; the image with the XML file's own name is taken"
            shown = f"{len(self._renamed):,} of {len(documents):,} {said}, such as that of {self._renamed[0]!r}"
            advise(Issue.NAMES, self._name, shown, self._renamed[:100])
