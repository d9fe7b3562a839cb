"""A finished model made ready to answer: which of its files are fetched, and which are not."""

import pathlib

import numpy as np
import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource, Location
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind
from darkroom_predict import description, listing
from darkroom_trainer.prediction.opening import open_model
from darkroom_trainer.runtime.errors import RunError
from tests.local_storage import a_local_place
from tests.support.model_folders import copy_without, folder

__all__ = ["folder"]
FORMS = {"nothing": description.ONNX_NAME, description.ONNX_NAME: description.WEIGHTS_NAME}


def a_source(kind: AnnotationKind) -> DatasetSource:
    return DatasetSource(name="fruit", annotation_kind=kind, annotation_files=())


@pytest.mark.parametrize(("left_out", "fetched"), FORMS.items(), ids=["with ONNX", "with weights alone"])
def test_a_model_is_opened_from_its_onnx_file_where_there_is_one(
    left_out: str, fetched: str, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    model = copy_without(folder, tmp_path / "model", left_out)
    task = description.read_description(model).task
    opened = open_model(a_local_place(model), a_source(TASK_ANNOTATIONS[task]), tmp_path / "work")
    names = {path.name for path in (tmp_path / "work").iterdir()}
    assert names == {listing.LIST_NAME, description.DESCRIPTION_NAME, fetched}
    assert opened.digest == listing.check_files(model, []).digest
    assert len(opened.predictor.predict(np.zeros((2, 32, 32, 3), np.uint8))) == 2


def test_a_model_of_another_task_is_refused_before_it_is_fetched(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    kinds = {*AnnotationKind} - {TASK_ANNOTATIONS[description.read_description(folder).task]}
    with pytest.raises(RunError) as caught:
        open_model(a_local_place(folder), a_source(min(kinds)), tmp_path / "work")
    assert caught.value.reason is Reason.INCORRECT_MODEL_KIND
    assert not (tmp_path / "work" / description.ONNX_NAME).exists()


def test_a_folder_without_a_finished_model_is_named(tmp_path: pathlib.Path) -> None:
    places: list[tuple[Location | None, str]] = [
        (None, "model: a prediction needs it"),
        (a_local_place(tmp_path / "none"), "there is no finished model at file:"),
    ]
    for place, said in places:
        with pytest.raises(RunError, match=said) as caught:
            open_model(place, a_source(AnnotationKind.DETECTION), tmp_path / "work")
        assert caught.value.reason is Reason.INVALID_CONFIGURATION
