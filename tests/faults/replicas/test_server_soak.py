"""A minute of `make soak-server`: no request is lost but those in flight on a server that is killed."""

import subprocess
import sys

import pytest

from bench.clusters.control_plane import ROOT


@pytest.mark.extended
@pytest.mark.usefixtures("built")
def test_changes_stops_and_kills_lose_only_what_is_in_flight_on_a_killed_server() -> None:
    often = ["--minutes", "1", "--change-seconds", "10", "--kill-seconds", "12", "--rotate-seconds", "15"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.server_soak", *often], cwd=ROOT, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
