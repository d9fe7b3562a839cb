"""The report port: progress and gauges."""

import json
import urllib.request

import pytest

from darkroom_trainer.runtime.reporting import HttpReporter, JoinedNodes


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()  # type: ignore[no-any-return]


def test_the_report_port_serves_progress_and_gauges() -> None:
    reporter = HttpReporter(0, devices=2, milli_rate=500)
    try:
        reporter.update(percent=42, stage="Training", eta_seconds=7, charged_seconds=12.34)
        reporter.update(percent=43, stage="Training")
        status = json.loads(read(reporter.port, "/status"))
        gauges = read(reporter.port, "/metrics")
        with pytest.raises(urllib.error.HTTPError):
            read(reporter.port, "/secret")
    finally:
        reporter.close()
    assert status == {
        "percent": 43,
        "stage": "Training",
        "waitsForNodes": False,
        "meter": {"chargedSeconds": 12.3, "devices": 2, "milliRate": 500},
    }
    assert "darkroom_trainer_charged_seconds 12.3" in gauges
    assert "darkroom_trainer_progress_percent 43.0" in gauges


def test_how_many_nodes_take_part_stands_until_it_changes() -> None:
    reporter = HttpReporter(0)
    try:
        reporter.update(percent=0, stage="Waiting for nodes (1 of 3)", nodes=JoinedNodes(1, is_waiting=True))
        assert (reporter.progress.nodes, reporter.progress.waits_for_nodes) == (1, True)
        reporter.update(percent=0, stage="Waiting for nodes (3 of 3)", nodes=JoinedNodes(3))
        reporter.update(percent=0, stage="Reading images")
        assert (reporter.progress.nodes, reporter.progress.waits_for_nodes) == (3, False)
    finally:
        reporter.close()
