"""The further devices of a run as real processes: what they compute, how they are lost, and that they end."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from darkroom_trainer.loop import training_loop
from darkroom_trainer.parallel import crew, member
from darkroom_trainer.runtime import errors, stopping
from tests.support import learning
from tests.unit.trainer.parallel import parallel_steps as steps

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def is_running(process_id: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(process_ids: list[int], seconds: float = 20) -> list[int]:
    deadline = time.monotonic() + seconds
    while any(is_running(one) for one in process_ids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [one for one in process_ids if is_running(one)]


def test_processes_compute_what_devices_compute_together(tmp_path: pathlib.Path) -> None:
    threads = [learning.a_learner("detector") for _ in range(2)]
    expected = steps.run_together(threads, steps.Adder(2))[0]
    learner = learning.a_learner("detector")
    with crew.Crew(2, tmp_path, threading.Event()) as two:
        with two.share(learner):
            losses = [float(learner.take_step(steps.RATE)) for _ in range(2)]
        with two.share(learner):
            losses += [float(learner.take_step(steps.RATE)) for _ in range(steps.STEPS - 2)]
        process_ids = two.process_ids
    assert losses == pytest.approx(expected, rel=1e-3)
    moved = steps.compare(learning.a_learner("detector").model, threads[0].model)
    gap = steps.compare(learner.model, threads[0].model)
    assert gap < moved / 4, "sums that differ in their last bits part some weights, not what was learned"
    assert isinstance(learner.peers, training_loop.Alone)
    assert not wait_until_gone(process_ids, seconds=0)


def test_a_killed_process_ends_the_window_with_its_name_and_the_next_window_has_a_new_one(
    tmp_path: pathlib.Path,
) -> None:
    learner = learning.a_learner("classifier")
    with crew.Crew(2, tmp_path, threading.Event()) as two:
        lost = two.process_ids[0]
        with pytest.raises(errors.RunError, match=r"device 1 ended with exit code -9 \(SIGKILL\)") as caught:  # noqa: PT012, SIM117
            with two.share(learner):
                learner.take_step(steps.RATE)
                os.kill(lost, signal.SIGKILL)
                began = time.monotonic()
                for _ in range(3):
                    learner.take_step(steps.RATE)
        assert caught.value.reason == "OutOfMemory"
        assert time.monotonic() - began < 20
        with two.share(learner):
            assert float(learner.take_step(steps.RATE)) > 0
        assert two.process_ids != [lost]


def test_a_failing_process_says_what_failed(tmp_path: pathlib.Path) -> None:
    learner = learning.a_learner("classifier")
    missing = tmp_path / "missing.npy"
    learner.data = dataclasses.replace(learner.data, images_file=missing)
    with (
        crew.Crew(2, tmp_path, threading.Event()) as two,
        pytest.raises(errors.RunError, match=r"device 1 failed: FileNotFoundError.*missing\.npy") as caught,
        two.share(learner),
    ):
        pytest.fail("the window must not begin")
    assert caught.value.reason == "Unknown"


def test_a_stop_while_processes_start_is_followed_at_once(tmp_path: pathlib.Path) -> None:
    stop = threading.Event()
    stop.set()
    with member.start_members(2) as members:
        with pytest.raises(stopping.RunStopped), crew.Crew(2, tmp_path, stop, None, members):
            pytest.fail("nothing must begin")
        assert not wait_until_gone([one.process_id for one in members], seconds=0)


FIRST_PROCESS = """
import threading
from darkroom_trainer.parallel.member import Member
others = [Member(rank) for rank in (1, 2)]
print(*[other.process_id for other in others], flush=True)
threading.Event().wait()
"""


def test_processes_end_with_the_first_one_but_at_no_signal_of_their_own() -> None:
    path = os.pathsep.join(filter(None, sys.path))
    first = subprocess.Popen(
        [sys.executable, "-c", FIRST_PROCESS], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}
    )
    try:
        assert first.stdout is not None
        process_ids = [int(word) for word in first.stdout.readline().split()]
        assert len(process_ids) == 2
        for one in process_ids:
            os.kill(one, signal.SIGTERM)
            os.kill(one, signal.SIGINT)
        assert all(is_running(one) for one in process_ids)
    finally:
        first.kill()
        first.communicate()
    assert not wait_until_gone(process_ids, seconds=10)
