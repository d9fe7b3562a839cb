"""The files that explain a finished model, and which of them a machine that stalls leaves out."""

import json

import pytest

from darkroom_api import conditions
from tests.unit.trainer.tiny_runs import Bench

ALWAYS = {"metrics.json", "card.md", "report.json", "report.html"}


@pytest.mark.slow
def test_a_run_with_time_left_explains_its_model_in_full_and_lists_each_file(bench: Bench) -> None:
    outcome = bench.run()
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    folder = bench.folder / "model"
    listed = json.loads((folder / "artifacts.json").read_text())["files"]
    assert ALWAYS | {"predictions.json", "predictions.png"} <= set(listed)
    assert {name: (folder / name).stat().st_size for name in listed} == {
        name: entry["size"] for name, entry in listed.items()
    }
