"""Images in a folder for each class, from storage. Must not do: read an image, or decide what is a class."""

from typing import Final

from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_trainer.data.formats import class_folders
from darkroom_trainer.data.formats.class_folders import ClassFolders
from darkroom_trainer.data.formats.line_files import LineFile, LineFileBuilder, read_tags
from darkroom_trainer.data.records.findings import Issue
from darkroom_trainer.data.sources import layouts
from darkroom_trainer.data.sources.label_source import LabelSource
from darkroom_trainer.data.sources.listing import FolderListing, show_folder

_MAX_SHOWN: Final = 3
_FOREIGN: Final = ("data.yaml", "data.yml")


def read_folders(source: LabelSource, uri: str, name: str) -> tuple[LineFile, str] | None:
    """Return the images of a folder of folders, and its address; None where problems are noted.

    Raises RunError where nothing is there, or where it cannot be listed.
    """
    listing = source.list_folder(uri, name)
    if listing.is_empty:
        raise source.refuse_missing(uri)
    found = class_folders.sort_into_classes(listing.pictures)
    if not _check_layout(source, uri, name, listing, found):
        return None
    _tell(source, name, listing, found)
    builder = LineFileBuilder(name)
    for number, paths in enumerate(found.images.values()):
        for path in paths:
            builder.add_annotation(builder.add_image(path), number)
    categories = read_tags(dict(enumerate(found.images)), name, source.findings)
    return builder.build(categories), uri.rstrip("/")


def _check_layout(source: LabelSource, uri: str, name: str, listing: FolderListing, found: ClassFolders) -> bool:
    """Return whether the folders are classes, and note problems where they are not."""
    splits = found.find_splits()
    foreign = [label for label in listing.samples if label in _FOREIGN or label.endswith(".xml")]
    if foreign:
        other = layouts.suggest_format(foreign, AnnotationFormat.FOLDERS)
        source.findings.add(name, f"is not a folder of a folder for each class{other}")
    elif splits:
        named = [f"{show_folder(uri)}{split}/" for split in splits]
        source.findings.add(
            name,
            f"holds {' and '.join(splits[:_MAX_SHOWN])}, which are parts of a dataset and no classes: name "
            f"{named[0]} in annotationFiles, and the others in Datasets of their own",
        )
    elif not found.images and not found.deeper:
        other = layouts.suggest_format(sorted([*listing.pictures, *listing.samples]), AnnotationFormat.FOLDERS)
        said = "holds no folder of images: put the images of each class into a folder with its name"
        source.findings.add(name, f"{said}{other}")
    for folder, paths in class_folders.list_nested(found.deeper).items() if not (foreign or splits) else ():
        tops = folder.split("/")
        source.findings.add(
            f"{name} folder {folder}",
            f"is a folder within a folder, so its {len(paths):,} images may be of class {tops[0]!r} or of class "
            f"{tops[-1]!r}: move them up, or name the folder above the classes in annotationFiles",
            cause="a folder within a folder",
        )
    return bool(found.images) and not (foreign or splits or found.deeper)


def _tell(source: LabelSource, name: str, listing: FolderListing, found: ClassFolders) -> None:
    """Tell of what is left out."""
    advise = source.findings.advise
    if listing.others:
        shown = ", ".join(repr(sample) for sample in listing.samples[:_MAX_SHOWN])
        advise(
            Issue.LEFT_OUT, name, f"files that are no images by their names are left out ({listing.others:,}): {shown}"
        )
    if found.beside:
        said = f"images that are in no folder of a class are left out ({len(found.beside):,}); move them into one"
        advise(Issue.LEFT_OUT, name, f"{said}: {found.beside[0]!r}", found.beside[:100])
    for tag in found.respelled:
        said = "is the name of several folders that differ by Unicode form only; they count as one tag"
        advise(Issue.NAMES, f"{name} class {tag!r}", said)
