"""What a Dataset's annotation files say, whatever their format.

Owns which reader reads which format. Must not do: parse, or read an image.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_storage.objects import Storage
from darkroom_trainer.data.coco import merging
from darkroom_trainer.data.formats.line_files import LineFile
from darkroom_trainer.data.records.catalog import Catalog
from darkroom_trainer.data.records.findings import Findings
from darkroom_trainer.data.sources import annotation_files
from darkroom_trainer.data.sources.folder_files import read_folders
from darkroom_trainer.data.sources.label_source import LabelSource, ShowCount
from darkroom_trainer.data.sources.voc_files import read_voc
from darkroom_trainer.data.sources.yolo_files import read_yolo

Read = Callable[[LabelSource, str, str], tuple[LineFile, str] | None]
_READERS: Final[Mapping[AnnotationFormat, Read]] = {
    AnnotationFormat.YOLO: read_yolo,
    AnnotationFormat.PASCAL_VOC: read_voc,
    AnnotationFormat.FOLDERS: read_folders,
}


def read_catalog(
    storage: Storage, dataset: DatasetSource, findings: Findings, hashes: list[bytes], show_count: ShowCount
) -> Catalog:
    """Return what the annotation files say, and note a hash of each in `hashes`.

    Raises RunError: DatasetNotFound, StorageUnavailable, InvalidConfiguration, NotAllowed, DatasetCorrupt.
    """
    if dataset.format is AnnotationFormat.COCO:
        texts = annotation_files.read_texts(storage, dataset, hashes)
        return merging.build_catalog(texts, dataset, findings)
    source = LabelSource(storage, dataset, findings, show_count, hashes)
    return merging.merge_files(_read_all(source, _READERS[dataset.format]), dataset, findings)


def _read_all(source: LabelSource, read: Read) -> Iterator[tuple[LineFile, str]]:
    uris = source.dataset.annotation_files
    for uri, name in zip(uris, merging.name_files(uris), strict=True):
        found = read(source, uri, name)
        if found is not None:
            yield found
