"""The soak's training: the process around it calls it as it calls the real one, and it loads nothing that is not used.

Each run is a process of its own, as in a pod.
"""

import json
import pathlib
import subprocess
import sys

from bench.soak import image
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import Task
from tests.local_storage import a_local_place
from tests.support.coco_builders import a_coco, write_dataset
from tests.unit.trainer import tiny_runs

PROGRAM = """
import importlib.util, pathlib, sys, threading
from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.runtime.reporting import SilentReporter

for name in ("beginning", "training"):
    path = pathlib.Path(sys.argv[3], f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"darkroom_trainer.commands.{name}", path)
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[spec.name])
from darkroom_trainer.commands.dispatching import dispatch

config = RunConfig.model_validate_json(pathlib.Path(sys.argv[1]).read_text())
outcome = dispatch(config, pathlib.Path(sys.argv[2]), SilentReporter(), threading.Event(), Meter())
print(outcome.reason, outcome.message, sorted({"sklearn", "torch"} & {*sys.modules}))
"""


def test_a_soaks_training_publishes_a_model_and_brings_in_no_torch(tmp_path: pathlib.Path) -> None:
    write_dataset(tmp_path / "data", a_coco())
    data = tmp_path / "data" / "train.json"
    output = a_local_place(tmp_path / "models" / "slept" / "uid")
    config = tiny_runs.a_config(Command.TRAIN, Task.CLASSIFIER, data, budget_seconds=3, output=output)
    (tmp_path / "config.json").write_text(json.dumps(config.to_json()))
    (tmp_path / "work").mkdir()
    arguments = [str(tmp_path / "config.json"), str(tmp_path / "work"), str(image.FOLDER)]
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "Succeeded Slept. []"
