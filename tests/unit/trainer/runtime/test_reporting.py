"""The report port: progress and gauges."""

import json
import urllib.request

import pytest

from darkroom_trainer.runtime.reporting import HttpReporter


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
        "meter": {"chargedSeconds": 12.3, "devices": 2, "milliRate": 500},
    }
    assert "darkroom_trainer_charged_seconds 12.3" in gauges
    assert "darkroom_trainer_progress_percent 43.0" in gauges
