"""What an earlier run saw of the images of a dataset, found without reading one of them.

Owns how an entry is matched: by the revision that listings and annotation files tell. Must not read pixels.
"""

import functools
import logging
import pathlib
from collections.abc import Sequence

from darkroom_api.run_config import DatasetSource
from darkroom_predict.images import ImageSize
from darkroom_storage.objects import Storage, StorageError
from darkroom_trainer.data import loading
from darkroom_trainer.data.inspection import examination, fetching, revision
from darkroom_trainer.data.picture_cache import bucket, entries, locating, packing
from darkroom_trainer.data.records.catalog import Catalog

LOG = logging.getLogger(__name__)

Checks = list[fetching.CheckedImage]


def build_recall(cached: bucket.PictureBucket, source: DatasetSource, work: pathlib.Path) -> examination.Recall:
    """Return what finds the images of a dataset in the cache; what it finds has no file in `work` yet."""
    return functools.partial(_recall, cached, source, loading.choose_folder(work, source.name))


def _recall(
    cached: bucket.PictureBucket,
    source: DatasetSource,
    folder: pathlib.Path,
    storage: Storage,
    catalog: Catalog,
    hashes: Sequence[bytes],
) -> Checks | None:
    try:
        found = _find(cached, entries.name_dataset(source), storage, catalog, hashes)
    except StorageError as error:
        LOG.warning("the cache of images is not used: %s", error)
        return None
    if found is None:
        return None
    LOG.info("the %d images of dataset %s are in the cache", len(found), source.name)
    return [_build_check(folder, place, *one) for place, one in enumerate(found)]


def _find(
    cached: bucket.PictureBucket, dataset: str, storage: Storage, catalog: Catalog, hashes: Sequence[bytes]
) -> list[tuple[locating.Located, packing.SeenImage]] | None:
    """Return where each image is and what was seen of it; nothing is listed where no run has left anything."""
    folders = cached.list_entries(dataset)
    located = locating.locate_images(storage, catalog.images) if folders else None
    if not located:
        return None
    prefix = entries.PictureEntry(dataset, revision.compute_revision(hashes, located), 0).prefix
    folder = next((name for name in folders if name.startswith(prefix)), None)
    seen = cached.read_records(folder, len(located)) if folder is not None else None
    return None if seen is None else list(zip(located, seen, strict=True))


def _build_check(
    folder: pathlib.Path, place: int, where: locating.Located, seen: packing.SeenImage
) -> fetching.CheckedImage:
    (uri, info), (width, height, look) = where, seen
    path = fetching.choose_path(uri, folder, place)
    return fetching.CheckedImage(uri, path, ImageSize(width, height, turned=False), info, look)
