"""The files of a finished model, and what of them gives way."""

import pytest

from darkroom_api import conditions
from darkroom_trainer.training.publication import model_files
from tests.unit.trainer.tiny_runs import BUDGET_SECONDS, Bench


@pytest.mark.slow
def test_a_model_whose_machine_stalls_at_the_end_is_handed_over_in_its_budget_without_what_gives_way(
    bench: Bench,
) -> None:
    outcome = bench.run_with_stall("Measuring the final model", 1.5)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.message.endswith(f"there is no model.onnx: {model_files.NO_TIME}")
    assert outcome.meter.charged_seconds < BUDGET_SECONDS, "not even capped"
    names = {path.name for path in (bench.folder / "model").iterdir()}
    assert names >= {"model.safetensors", "model.json", "metrics.json", "report.html"}
    assert not names & {"model.onnx", "predictions.png"}
