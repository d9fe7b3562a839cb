"""A finished model, measured on a dataset: also one that another version of Darkroom has made."""

import dataclasses
import json
import pathlib
from typing import Any

import pytest
import safetensors.torch

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.run_config import Command, Location
from darkroom_api.v1alpha1.common import MeasuredOn, Task
from darkroom_predict import description, listing
from tests.local_storage import a_local_place
from tests.support.learning import LABELS, write_squares
from tests.support.models import a_description, a_model
from tests.unit.trainer import tiny_runs

MODEL = dataclasses.replace(a_description(Task.CLASSIFIER), labels=LABELS)


def publish(folder: pathlib.Path, **changes: Any) -> Location:
    """Write a finished model whose model.json has been changed, as another version would have written it."""
    folder.mkdir()
    safetensors.torch.save_file(a_model(MODEL).state_dict(), folder / description.WEIGHTS_NAME)
    found = {**MODEL.to_json(), **changes}
    found["preprocessing"] = {**MODEL.to_json()["preprocessing"], **changes.get("preprocessing", {})}
    written = {name: value for name, value in found.items() if value is not ...}
    (folder / description.DESCRIPTION_NAME).write_text(json.dumps(written))
    names = [description.DESCRIPTION_NAME, description.WEIGHTS_NAME]
    (folder / listing.LIST_NAME).write_text(listing.build_list(folder, names))
    return a_local_place(folder)


def evaluate(folder: pathlib.Path, task: Task = Task.CLASSIFIER, **changes: Any) -> Outcome:
    file = write_squares(folder / "june", 6, boxed=task is Task.DETECTOR)
    output = a_local_place(folder / "report")
    model = publish(folder / "model", **changes)
    return tiny_runs.run(Command.EVALUATE, task, file, folder / "work", model=model, output=output)


VERSIONS: dict[str, dict[str, Any]] = {
    "this version": {},
    "the next minor version, with keys that are new": {
        "darkroom_version": "99.0.0", "calibration": {"kind": "isotonic"}, "preprocessing": {"interpolation": "area"},
    },
    "the previous minor version, without keys that came since": {
        "light": ..., "light_share": ..., "darkroom_version": "0.0.9",
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", VERSIONS.values(), ids=VERSIONS.keys())
def test_a_model_is_measured_that_was_made_by(changes: dict[str, Any], tmp_path: pathlib.Path) -> None:
    outcome = evaluate(tmp_path, **changes)
    assert outcome.reason is Reason.SUCCEEDED, outcome.message
    assert outcome.performance is not None
    assert (outcome.performance.measured_on, outcome.performance.images) == (MeasuredOn.EVALUATION_DATASET, 6)
    assert outcome.model_digest == listing.check_files(tmp_path / "model", []).digest


REFUSED: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "a head that only a newer version can build": (
        {"light": {"look": {"size_px": 32}, "blocks": ["wavelets9"]}, "light_share": 1.0, "darkroom_version": "99.0.0"},
        Reason.INVALID_CONFIGURATION, "this version cannot build (made by Darkroom 99.0.0, this is ",
    ),
    "another way to prepare images": (
        {"preprocessing": {"resize": "letterbox"}}, Reason.INVALID_CONFIGURATION, "preprocessing.resize is 'letterbox'",
    ),
    "weights of another network": (
        {"backbone": "resnet18"}, Reason.INVALID_CONFIGURATION, "does not fit its description",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "reason", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_model_that_would_answer_otherwise_is_refused_in_words(
    changes: dict[str, Any], reason: Reason, said: str, tmp_path: pathlib.Path
) -> None:
    outcome = evaluate(tmp_path, **changes)
    assert outcome.reason is reason
    assert said in outcome.message


def test_data_of_another_kind_is_refused_before_torch_is_needed(tmp_path: pathlib.Path) -> None:
    assert evaluate(tmp_path, Task.DETECTOR).reason is Reason.INCORRECT_MODEL_KIND


def test_an_evaluation_without_a_model_is_refused_by_field(tmp_path: pathlib.Path) -> None:
    file = write_squares(tmp_path / "june", 3, boxed=False)
    outcome = tiny_runs.run(Command.EVALUATE, Task.CLASSIFIER, file, tmp_path / "work")
    assert (outcome.reason, outcome.message) == (Reason.INVALID_CONFIGURATION, "model: an evaluation needs it")
