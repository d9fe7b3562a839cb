"""The cluster that the tests run on: that of `localcluster`, and no other, by one session at a time.

Must not do: anything on a cluster of another name. These tests delete, kill and take rights away.
"""

import contextlib
import fcntl
import os
import pathlib
import platform
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hack.localcluster.state import CONTEXT, REPOSITORY, State, default_root
from tests.cluster.api.kubeconfig import read_context_name


@contextlib.contextmanager
def hold_cluster() -> Iterator[State]:
    """Give where the local cluster keeps its files, with the cluster up and no other tests on it.

    Skips where it cannot run; ends the session where kubectl means another cluster.
    """
    if platform.system() != "Linux" or os.geteuid() != 0:
        pytest.skip("the local cluster needs root on Linux")
    state = State(default_root())
    _refuse_other_contexts(state)
    state.root.mkdir(parents=True, exist_ok=True)
    with (state.root / "cluster-tests.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.exit("other cluster tests run on this cluster; wait for them", returncode=2)
        _bring_up()
        yield state


def _refuse_other_contexts(state: State) -> None:
    named = os.environ.get("KUBECONFIG")
    path = pathlib.Path(named) if named else state.kubeconfig
    if path.exists() and (context := read_context_name(path)) != CONTEXT:
        pytest.exit(f"{path} has the context {context!r}; the cluster tests run on {CONTEXT!r} only", returncode=2)


def _bring_up() -> None:
    command = [sys.executable, "-m", "hack.localcluster", "all"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.exit(f"the local cluster did not come up:\n{done.stdout}{done.stderr}", returncode=2)
