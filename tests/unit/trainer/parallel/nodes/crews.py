"""The crew of a run on several pods, the first of them in the test's own process."""

import pathlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from darkroom_api import run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.parallel import crew
from darkroom_trainer.parallel.nodes import gathering
from darkroom_trainer.runtime import reporting
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.parallel.nodes import pods


@contextmanager
def a_crew(folder: pathlib.Path, count: int, meter: Meter, program: str = "") -> Iterator[tuple[crew.Crew, pods.Pods]]:
    """Yield the crew of a first pod with one device, and the pods beside it, of one device each."""
    config = tiny_runs.a_config(
        run_config.Command.TRAIN, Task.DETECTOR, folder / "train.json", nodes=pods.an_order(folder, count)
    )
    work = folder / "work"
    work.mkdir()
    with pods.held_pods(folder) as others:
        for index in range(1, count):
            others.start(config, index, program)
        with gathering.gather_nodes(config, work, reporting.SilentReporter(), meter) as nodes:
            assert nodes is not None
            meter.begin()
            nodes.take_part()
            with crew.Crew(1, work, threading.Event(), nodes) as found:
                yield found, others
