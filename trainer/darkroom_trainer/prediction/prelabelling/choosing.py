"""What a Prediction has to answer: the images that its order asks for, but those that are labelled already.

Owns where they come from. Must not read an image.
"""

import pathlib
import threading
from dataclasses import dataclass

from darkroom_api.run_config import Location, RunConfig
from darkroom_storage.errors import StorageError
from darkroom_storage.objects import Storage, open_dataset, open_storage
from darkroom_trainer.data.loading import load_catalog
from darkroom_trainer.data.sources.progress import build_count
from darkroom_trainer.prediction.prelabelling.candidates import CandidateList, list_folder, list_unlabelled
from darkroom_trainer.prediction.prelabelling.labelled import LabelledImages
from darkroom_trainer.runtime.reporting import Reporter
from darkroom_trainer.runtime.storage_failures import explain_storage_error


@dataclass(frozen=True)
class ChosenImages:
    """Images to answer, in `storage`; `already_labelled` are passed over by their address.

    Others are copies of `labelled` ones, which only their content shows. `place` is where all of them are, in words.
    """

    candidates: CandidateList
    storage: Storage
    labelled: LabelledImages
    already_labelled: int
    place: str


def choose_images(config: RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event) -> ChosenImages:
    """Return the images of the folder that `config.prediction` names, else those of `config.dataset`.

    Raises RunError: DatasetNotFound, DatasetCorrupt, InvalidConfiguration, NotAllowed, StorageUnavailable.
    """
    source = config.dataset
    catalog = load_catalog(source, reporter) if source.annotation_files else None
    known = (*catalog.images, *catalog.unreviewed) if catalog is not None else ()
    dataset_storage = open_dataset(source)
    labelled = LabelledImages(known, dataset_storage, stop)
    candidates = CandidateList(work / "candidates.jsonl")
    folder = config.prediction.images if config.prediction is not None else None
    if folder is None:
        storage, place = dataset_storage, f"dataset {source.name}"
        already = list_unlabelled(known, candidates)
    else:
        storage, place = open_storage(folder.storage), folder.uri
        already = _list_folder(config, folder, storage, labelled, candidates, reporter)
    if len(candidates):
        labelled.measure()
    return ChosenImages(candidates, storage, labelled, already, place)


def _list_folder(
    config: RunConfig,
    folder: Location,
    storage: Storage,
    labelled: LabelledImages,
    candidates: CandidateList,
    reporter: Reporter,
) -> int:
    output_uri = config.output.uri if config.output is not None else None
    try:
        return list_folder(storage, folder.uri, labelled, output_uri, candidates, build_count(reporter, "Listing"))
    except StorageError as error:
        raise explain_storage_error(error, folder.storage, subject="images") from error
