"""Models of the interface. What clients see of them is in tests/unit/server/routes/test_models.py."""

import pytest

from darkroom_api.durations import format_duration, parse_duration
from darkroom_server.resources.model import (
    ANNOTATION_DATASET,
    ANNOTATION_TEST_DATASET,
    MAX_HOURS,
    build_answer,
    count_seconds,
)
from tests.support.server.models import a_stored_model


@pytest.mark.parametrize("hours", [0.02, 0.1, 0.35, 1 / 3, 1, 1.1, 7.77, 336, MAX_HOURS])
def test_a_budget_is_whole_seconds_and_never_more_than_was_given(hours: float) -> None:
    seconds = count_seconds(hours)
    assert hours * 3600 - 1 < seconds <= hours * 3600 + 1e-3
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("noted", ["", "x" * 256, "a b", "../x"])
def test_a_noted_dataset_that_is_no_name_counts_as_absent(noted: str) -> None:
    annotations = {ANNOTATION_DATASET: noted, ANNOTATION_TEST_DATASET: noted}
    told = build_answer(a_stored_model(annotations=annotations))
    assert (told.training_parameters.training_dataset_name, told.evaluation_parameters) == ("some", None)
