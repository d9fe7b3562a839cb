"""The score of the search's winner on held-out images."""

import pytest

from darkroom_api import conditions, endings
from tests.unit.trainer.tiny_runs import Bench


@pytest.mark.slow
def test_a_run_that_is_stopped_before_its_winner_is_scored_scores_that_winner(bench: Bench) -> None:
    assert bench.run(1, stop_at="Measuring on held-out images").exit_code is endings.ExitCode.STOPPED
    outcome = bench.run(2)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert bench.read_metrics()["holdOut"]["score"] > 0.6, "weights that nobody trained are right on a third"
