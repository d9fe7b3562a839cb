"""Which command runs, and what it brings in."""

import json
import pathlib
import subprocess
import sys

import pytest

from darkroom_trainer.commands import dispatching
from tests.support.coco_builders import a_coco, write_dataset
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
    (tmp_path / "config.json").write_text(json.dumps({**config.to_json(), "command": command}))
    (tmp_path / "work").mkdir()
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "config.json"), str(tmp_path / "work")],
        env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "Succeeded []"
