"""A pod that is not the first, as a real process: how it ends when nobody answers, or the first does not want it."""

import pathlib
import signal
import threading
import time
from typing import Any

import pytest

from darkroom_api import endings, run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.commands import process
from darkroom_trainer.parallel.nodes import gathering
from darkroom_trainer.runtime import reporting
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.parallel.nodes import pods

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

IN_VAIN = "was waited for in vain"


def a_config(folder: pathlib.Path, count: int = 2, **changes: Any) -> run_config.RunConfig:
    more = {key: changes.pop(key) for key in ("publish_only",) if key in changes}
    order = pods.an_order(folder, count, **changes)
    return tiny_runs.a_config(run_config.Command.TRAIN, Task.CLASSIFIER, folder / "train.json", nodes=order, **more)


@pytest.mark.parametrize(
    ("told", "has_others", "index"),
    [("2", True, 2), ("0", True, 0), ("", True, 0), ("2", False, 0), ("two", True, 0)],
)
def test_its_index_is_the_one_that_kubernetes_tells(
    told: str, has_others: bool, index: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_COMPLETION_INDEX", told)
    config = a_config(tmp_path)
    assert process.read_index(config if has_others else config.model_copy(update={"nodes": None})) == index


def test_without_an_answer_it_ends_once_the_time_to_join_is_over(tmp_path: pathlib.Path) -> None:
    with pods.held_pods(tmp_path) as others:
        others.start(a_config(tmp_path, join_seconds=2.0), 1)
        assert others.wait(1) == endings.ExitCode.NODES_MISSING
        assert IN_VAIN in others.read_log(1)


def test_a_signal_ends_the_wait(tmp_path: pathlib.Path) -> None:
    with pods.held_pods(tmp_path) as others:
        others.start(a_config(tmp_path), 1)
        pods.wait_for(lambda: "does not answer yet" in others.read_log(1))
        others.processes[1].send_signal(signal.SIGTERM)
        assert others.wait(1) == endings.ExitCode.STOPPED


def test_where_the_run_only_publishes_it_is_not_needed(tmp_path: pathlib.Path) -> None:
    with pods.held_pods(tmp_path) as others:
        others.start(a_config(tmp_path, publish_only=True), 1)
        assert others.wait(1) == endings.ExitCode.SUCCEEDED


def test_another_program_is_refused_and_a_late_one_and_one_that_is_let_go_end_well(tmp_path: pathlib.Path) -> None:
    config = a_config(tmp_path, 3)
    other = "from darkroom_trainer.parallel.nodes import versions; versions.PACKAGES = ('darkroom', 'other')"
    is_begun, is_over = threading.Event(), threading.Event()

    def lead() -> None:
        with gathering.gather_nodes(config, tmp_path, reporting.SilentReporter(), Meter()):
            is_begun.set()
            is_over.wait(60)

    first = threading.Thread(target=lead)
    with pods.held_pods(tmp_path) as others:
        first.start()
        others.start(config, 1, other)
        assert others.wait(1) == 1
        assert "node 1 is another program (darkroom " in others.read_log(1)
        others.start(config, 1)
        others.start(config, 2)
        assert is_begun.wait(30)
        late = pods.Pods(tmp_path / "late")
        late.start(config, 2)
        assert late.wait(2) == endings.ExitCode.SUCCEEDED
        assert "node 2 is late: the training has begun with 3 of 3 nodes" in late.read_log(2)
        others.processes[1].send_signal(signal.SIGTERM)
        pods.wait_for(lambda: "told to end" in others.read_log(1))
        time.sleep(0.5)
        assert others.processes[1].poll() is None, "the first pod may still ask something"
        is_over.set()
        assert (others.wait(1), others.wait(2)) == (0, 0)
    first.join()


def test_without_the_first_one_it_ends_within_seconds_with_its_processes(tmp_path: pathlib.Path) -> None:
    lead = (
        "import pathlib; from darkroom_trainer.parallel.nodes import gathering as g\n"
        "from darkroom_trainer.commands import process as p; from darkroom_api.run_config import Command\n"
        "from darkroom_trainer.budget.meter import Meter\n"
        "from darkroom_trainer.runtime.reporting import SilentReporter\n"
        "config = p.read_config(pathlib.Path(sys.argv[3]), Command.TRAIN)\n"
        "with g.gather_nodes(config, pathlib.Path(sys.argv[5]), SilentReporter(), Meter()) as nodes:\n"
        "    nodes.nodes[0].start(1); print('begun', flush=True); __import__('time').sleep(60)"
    )
    config = a_config(tmp_path)
    with pods.held_pods(tmp_path) as all_of_them:
        all_of_them.start(config, 0, lead)
        all_of_them.start(config, 1)
        pods.wait_for(lambda: "begun" in all_of_them.read_log(0))
        pods.wait_for(lambda: bool(pods.list_children(all_of_them.processes[1].pid)))
        children = pods.list_children(all_of_them.processes[1].pid)
        all_of_them.processes[0].kill()
        assert all_of_them.wait(1) == endings.ExitCode.SUCCEEDED
        assert "node 1 ends: its connection is closed" in all_of_them.read_log(1)
        pods.wait_for(lambda: not any(pathlib.Path(f"/proc/{child}").exists() for child in children))
