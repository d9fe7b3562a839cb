"""What a training's configuration must say, refused by field before anything is fetched."""

import pathlib
from typing import Any

import pytest

from darkroom_api import conditions, endings, run_config
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime.reporting import SilentReporter


def a_config(command: run_config.Command = run_config.Command.TRAIN, **changes: Any) -> run_config.RunConfig:
    source = run_config.DatasetSource(
        name="pets", annotation_kind=AnnotationKind.CLASSIFICATION, annotation_files=("file:/nowhere/train.json",)
    )
    resource = run_config.ResourceReference(kind="Model", namespace="vision", name="pets", uid="u")
    values: dict[str, Any] = {"task": Task.CLASSIFIER, "budget_seconds": 60, **changes}
    return run_config.RunConfig(command=command, resource=resource, dataset=source, **values)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"task": Task.PRODUCT_RECOGNIZER}, "task: a productRecognizer needs", id="tags without boxes"),
        pytest.param({"task": Task.MULTILABEL_CLASSIFIER}, "task: a multilabelClassifier needs", id="one tag an image"),
        pytest.param({"backbone": "resnet_eighteen"}, "backbone: ", id="a network that nobody knows"),
        pytest.param({"task": None}, "task:", id="no task"),
        pytest.param({"budget_seconds": None}, "budgetSeconds:", id="no budget"),
        pytest.param({"task": Task.DETECTOR}, "task: a detector needs", id="data of another kind"),
    ],
)
def test_a_training_that_cannot_be_is_refused_by_field(
    tmp_path: pathlib.Path, changes: dict[str, Any], field: str
) -> None:
    outcome = engine.execute(a_config(**changes), tmp_path, SilentReporter())
    assert outcome.reason is conditions.Reason.INVALID_CONFIGURATION
    assert outcome.message.startswith(field)
    assert outcome.exit_code == endings.ExitCode.BAD_CONFIG
