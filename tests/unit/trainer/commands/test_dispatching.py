"""Which command runs, and what it brings in."""

import json
import pathlib
import subprocess
import sys

import pytest

from darkroom_api.run_config import Command, RunConfig
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.commands import dispatching
from tests.local_storage import a_local_place
from tests.support.coco_builders import a_coco, write_dataset
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.prediction_runs import (
    RED,
    a_labelled_dataset,
    a_prediction,
    paint,
    write_model,
    write_pictures,
)

PROGRAM = f"""
import pathlib, sys, threading
from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.runtime.reporting import SilentReporter
from {dispatching.__name__} import dispatch
config = RunConfig.model_validate_json(pathlib.Path(sys.argv[1]).read_text())
outcome = dispatch(config, pathlib.Path(sys.argv[2]), SilentReporter(), threading.Event(), Meter())
print(outcome.reason, sorted({{"torch", "timm"}} & set(sys.modules)))
"""


@pytest.mark.parametrize("command", ["inspect", "predict"])
def test_torch_is_not_brought_in_by(command: str, tmp_path: pathlib.Path) -> None:
    dataset = a_labelled_dataset(write_dataset(tmp_path / "data", a_coco()))
    images = write_pictures(tmp_path / "in", {"a.png": paint(RED)})
    config = a_prediction(write_model(tmp_path / "model"), dataset, images=images)
    config = RunConfig.model_validate({**config.to_json(), "command": command})
    assert _run(PROGRAM, config, tmp_path) == "Succeeded []"


ORDER_PROGRAM = f"""
import pathlib, sys, threading
from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.runtime.reporting import SilentReporter
from {dispatching.__name__} import dispatch

class Beginning(Meter):
    def begin(self):
        print("sklearn" in sys.modules)
        sys.exit()

config = RunConfig.model_validate_json(pathlib.Path(sys.argv[1]).read_text())
dispatch(config, pathlib.Path(sys.argv[2]), SilentReporter(), threading.Event(), Beginning())
"""


@pytest.mark.parametrize(("task", "is_loaded"), [(Task.CLASSIFIER, True), (Task.DETECTOR, False)])
def test_what_fits_tags_is_loaded_before_anything_is_charged(
    task: Task, is_loaded: bool, tmp_path: pathlib.Path
) -> None:
    output = a_local_place(tmp_path / "out")
    config = tiny_runs.a_config(Command.TRAIN, task, tmp_path / "train.json", budget_seconds=60, output=output)
    assert _run(ORDER_PROGRAM, config, tmp_path) == str(is_loaded)


def _run(program: str, config: RunConfig, folder: pathlib.Path) -> str:
    (folder / "config.json").write_text(json.dumps(config.to_json()))
    (folder / "work").mkdir()
    run = subprocess.run(
        [sys.executable, "-c", program, str(folder / "config.json"), str(folder / "work")],
        env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return run.stdout.strip()
