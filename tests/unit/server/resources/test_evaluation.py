"""Evaluations of the interface. What clients see of them is in tests/unit/server/routes/test_evaluations.py."""

from datetime import UTC, datetime

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.resources.evaluation import EvaluationState, build_answer, find_state
from darkroom_server.resources.model import ANNOTATION_TEST_DATASET
from tests.support.server.models import a_stored_model

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
STATES = {
    RunPhase.QUEUED: EvaluationState.NOT_STARTED,
    RunPhase.EVALUATING: EvaluationState.RUNNING,
    RunPhase.SUCCEEDED: EvaluationState.SUCCEEDED,
    RunPhase.FAILED: EvaluationState.FAILED,
    RunPhase.CANCELLED: EvaluationState.FAILED,
    RunPhase.UNKNOWN: EvaluationState.NOT_STARTED,
}


@pytest.mark.parametrize(("phase", "state"), STATES.items(), ids=STATES.keys())
def test_each_phase_has_a_state_that_clients_know(phase: RunPhase, state: EvaluationState) -> None:
    spec = EvaluationSpec(model="sorter", dataset="june")
    stored = Stored("Evaluation", "default", "e", "uid", "1", NOW, spec, EvaluationStatus(phase=phase))
    assert find_state(stored) is state


def test_a_noted_dataset_that_is_no_name_counts_as_absent() -> None:
    spec, noted = EvaluationSpec(model="fruit", dataset="june"), {ANNOTATION_TEST_DATASET: "x" * 256}
    stored = Stored("Evaluation", "default", "e", "uid", "1", NOW, spec, EvaluationStatus(), annotations=noted)
    assert build_answer(stored, a_stored_model("fruit")).evaluation_parameters.test_dataset_name == "june"
