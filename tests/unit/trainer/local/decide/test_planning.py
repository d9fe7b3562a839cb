"""What is done with each resource of a run on this machine."""

import pathlib
from datetime import UTC, datetime

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.report import Meter, Outcome
from darkroom_api.results import describe_dataset, finish_run
from darkroom_api.run_config import Command, PredictionOrder, RunConfig
from darkroom_api.v1alpha1.common import AnnotationKind, Artifacts
from darkroom_api.v1alpha1.dataset import DatasetStatus, DatasetSummary
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionFormat
from darkroom_trainer.local.board import FIRST_GENERATION, Board
from darkroom_trainer.local.decide.planning import plan
from tests.unit.trainer.run_builders import Document, a_dataset, a_model, a_prediction, an_evaluation, parse

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
SUMMARY = DatasetSummary(images=40, annotations=40, revision="sha256:7")


def a_board(folder: pathlib.Path, *documents: Document) -> Board:
    """Return a board whose Datasets are Ready and whose Model `sorter` has succeeded."""
    board = Board([parse(folder, document) for document in documents], folder / "out")
    for entry in board.entries:
        if isinstance(entry.status, DatasetStatus):
            found = entry.status.model_copy(update={"summary": SUMMARY})
            entry.status = describe_dataset(found, DatasetPhase.READY, Reason.READY, "Read.", FIRST_GENERATION, NOW)
        if isinstance(entry.status, ModelStatus) and entry.manifest.name == "sorter":
            outcome = Outcome(
                command=Command.TRAIN,
                reason=Reason.SUCCEEDED,
                message="Done.",
                meter=Meter(charged_seconds=9),
                artifacts=Artifacts(uri="file:///out/sorter"),
            )
            entry.status = finish_run(entry.status, outcome, FIRST_GENERATION, NOW)
    return board


def plan_last(folder: pathlib.Path, *documents: Document) -> object:
    """Return the plan of the last of these resources in the order in which they run."""
    board = a_board(folder, *documents)
    return plan(board, board.entries[-1], NOW)


def test_a_dataset_is_inspected(tmp_path: pathlib.Path) -> None:
    planned = plan_last(tmp_path, a_dataset())
    assert isinstance(planned, RunConfig)
    assert (planned.command, planned.dataset.name) == (Command.INSPECT, "fruit")


def test_a_model_is_trained_on_the_revisions_that_were_inspected(tmp_path: pathlib.Path) -> None:
    planned = plan_last(tmp_path, a_dataset(), a_dataset("test"), a_model("new", evaluationDataset="test"))
    assert isinstance(planned, RunConfig)
    assert (planned.command, planned.dataset.revision) == (Command.TRAIN, "sha256:7")
    assert planned.evaluation_dataset is not None
    assert planned.evaluation_dataset.name == "test"


def test_an_evaluation_measures_the_files_of_its_model(tmp_path: pathlib.Path) -> None:
    planned = plan_last(tmp_path, a_dataset(), a_model(), an_evaluation())
    assert isinstance(planned, RunConfig)
    assert planned.command is Command.EVALUATE
    assert planned.model is not None
    assert planned.model.uri == "file:///out/sorter"


def test_a_model_is_measured_after_the_dataset_that_it_was_trained_on_was_deleted(tmp_path: pathlib.Path) -> None:
    planned = plan_last(tmp_path, a_dataset("june"), a_model(), an_evaluation(dataset="june"))
    assert isinstance(planned, RunConfig)
    assert planned.dataset.name == "june"


def test_a_prediction_answers_its_dataset_with_the_files_of_its_model(tmp_path: pathlib.Path) -> None:
    planned = plan_last(tmp_path, a_dataset(), a_dataset("july"), a_model(), a_prediction(dataset="july"))
    assert isinstance(planned, RunConfig)
    assert (planned.command, planned.dataset.name, planned.prediction) == (Command.PREDICT, "july", PredictionOrder())
    assert planned.model is not None
    assert planned.model.uri == "file:///out/sorter"


LABELS: dict[str, tuple[list[Document], list[str]]] = {
    "those of its Model are known": ([a_dataset()], ["train.json"]),
    "those of its Model are gone": ([], []),
}


@pytest.mark.parametrize(("datasets", "files"), LABELS.values(), ids=LABELS.keys())
def test_a_prediction_answers_a_folder_beside_the_manifest_whether_labels(
    datasets: list[Document], files: list[str], tmp_path: pathlib.Path
) -> None:
    over = a_prediction(images={"uri": "file:new"}, threshold=0.3, write=["JSON"])
    planned = plan_last(tmp_path, *datasets, a_model(), over)
    assert isinstance(planned, RunConfig)
    assert planned.prediction is not None
    assert planned.prediction.images is not None
    assert planned.prediction.images.uri == f"{tmp_path.as_uri()}/new"
    assert (planned.prediction.threshold, planned.prediction.write) == (0.3, (PredictionFormat.JSON,))
    assert [uri.rpartition("/")[2] for uri in planned.dataset.annotation_files] == files
    assert planned.dataset.annotation_kind is AnnotationKind.CLASSIFICATION


NOT_STARTED: dict[str, tuple[list[Document], RunPhase, Reason, str]] = {
    "cancelled before it started": (
        [a_dataset(), a_model("new", cancel=True)], RunPhase.CANCELLED, Reason.CANCELLED, "before it started",
    ),
    "suspended": (
        [a_dataset(), a_model("new", suspend=True)], RunPhase.QUEUED, Reason.SUSPENDED, "set it to false",
    ),
    "its Dataset is in no manifest": (
        [a_model("new")], RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "is in none of the manifests",
    ),
    "its evaluation Dataset is in no manifest": (
        [a_dataset(), a_model("new", evaluationDataset="test")],
        RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "evaluationDataset: Dataset `test`",
    ),
    "its Dataset is of another kind": (
        [a_dataset(), a_model("new", task="detector")], RunPhase.FAILED, Reason.INCORRECT_MODEL_KIND, "dataset:",
    ),
    "its Model is in no manifest": (
        [a_dataset(), an_evaluation()], RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "is in none of the manifests",
    ),
    "its Model has not run": (
        [a_dataset(), a_model("new"), an_evaluation(model="new")],
        RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "Model `new`",
    ),
    "the Model that is to answer is in no manifest": (
        [a_prediction(images={"uri": "file:new"})], RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "model: Model `sorter`",
    ),
    "the Dataset to answer is in no manifest": (
        [a_model(), a_prediction()], RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "dataset: Dataset `fruit`",
    ),
    "the Dataset to answer is of another kind": (
        [a_dataset(), a_dataset("box", annotationKind="imageObjectDetection"), a_model(), a_prediction(dataset="box")],
        RunPhase.FAILED, Reason.INCORRECT_MODEL_KIND, "dataset: a `classifier` needs",
    ),
    "the Dataset to measure on is in no manifest": (
        [a_dataset(), a_model(), an_evaluation(dataset="june")],
        RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "Dataset `june`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("documents", "phase", "reason", "said"), NOT_STARTED.values(), ids=NOT_STARTED.keys())
def test_a_run_does_not_start_and_says_why_where(
    documents: list[Document], phase: RunPhase, reason: Reason, said: str, tmp_path: pathlib.Path
) -> None:
    status = plan_last(tmp_path, *documents)
    assert not isinstance(status, RunConfig)
    assert (getattr(status, "phase", None), getattr(status, "reason", None)) == (phase, reason)
    assert said in getattr(status, "message", "")
