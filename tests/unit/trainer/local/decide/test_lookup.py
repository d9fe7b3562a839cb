"""What a resource of a run on this machine names."""

import pathlib

import pytest

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import DatasetPhase, Reason
from darkroom_api.results import describe_dataset
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_trainer.local.decide.lookup import Lookup
from tests.unit.trainer.local.decide.test_planning import NOW, a_board
from tests.unit.trainer.run_builders import Document, a_dataset, a_model, a_prediction

FOUND: dict[str, tuple[list[Document], DatasetPhase, bool, bool]] = {
    "a Dataset that can be read says which images are labelled": ([a_dataset()], DatasetPhase.READY, True, True),
    "one that is read again does, too": ([a_dataset()], DatasetPhase.INSPECTING, True, True),
    "one that is Invalid by now does not, but its bucket is known": ([a_dataset()], DatasetPhase.INVALID, True, False),
    "one that is gone is not there": ([], DatasetPhase.READY, False, False),
}


@pytest.mark.parametrize(("datasets", "phase", "known", "labels"), FOUND.values(), ids=FOUND.keys())
def test_a_finished_model_is_found_with_what_it_was_trained_on(
    datasets: list[Document], phase: DatasetPhase, known: bool, labels: bool, tmp_path: pathlib.Path
) -> None:
    board = a_board(tmp_path, *datasets, a_model(), a_prediction(images={"uri": "file:new"}))
    for entry in board.entries:
        if isinstance(entry.status, DatasetStatus):
            entry.status = describe_dataset(entry.status, phase, Reason.UNKNOWN, "Words.", 1, NOW)
    found = Lookup(board, board.entries[-1], "is not there").find_finished("sorter")
    assert not isinstance(found, Blocker)
    assert found.artifacts.uri == "file:///out/sorter"
    assert (found.trained_on is not None, found.labels is not None) == (known, labels)


def test_a_model_that_does_not_exist_is_told_of_in_the_words_of_the_caller(tmp_path: pathlib.Path) -> None:
    board = a_board(tmp_path, a_prediction(images={"uri": "file:new"}))
    found = Lookup(board, board.entries[-1], "is not there").find_finished("sorter")
    assert found == Blocker(Reason.WAITING_FOR_MODEL, "model: Model `sorter` is not there")
