"""Which recipe trains next and for how long, and when a search ends: tables over pure rules."""

import dataclasses

import pytest

from darkroom_api.v1alpha1.common import StopReason, Task
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.search import halving as halvings
from darkroom_trainer.search.halving import Halving, Score, Trial
from darkroom_trainer.search.portfolio import build_portfolio
from darkroom_trainer.search.trial_records import TrialEnd, TrialKind, TrialRecord

BASE = Recipe("test_resnet", 32, 32, 4e-3)
PORTFOLIO = build_portfolio(Task.CLASSIFIER, BASE)


def a_halving(*scores: list[float], error: float = 0.01, length: float = 2.0, **changes: object) -> Halving:
    """Return a halving whose trials have these scores, one list for each."""
    trials = [
        Trial(number, BASE, scores=[Score(value, error) for value in values])
        for number, values in enumerate(scores, start=1)
    ]
    return dataclasses.replace(Halving(trials, length, 100.0), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left_seconds", "least_seconds", "size"),
    [
        pytest.param(10.0, 2.0, 1, id="hardly any time: the base recipe alone"),
        pytest.param(16.0, 0.7, 2, id="two where a third of the time pays a round of two"),
        pytest.param(60.0, 0.7, 4, id="four where it pays two rounds"),
        pytest.param(3600.0, 0.7, 4, id="never more than there are recipes"),
    ],
)
def test_as_many_recipes_begin_as_a_third_of_the_time_pays(
    left_seconds: float, least_seconds: float, size: int
) -> None:
    halving = halvings.open_halving(PORTFOLIO, 5.0, 5.0 + left_seconds, least_seconds)
    assert len(halving.trials) == size
    assert halving.queue == [one.number for one in halving.trials]
    if size > 1:
        cost = halvings.compute_halving_cost(size, halving.first_seconds)
        assert cost <= halvings.HALVING_TIME_FRACTION * left_seconds


@pytest.mark.parametrize(
    ("alone", "left_seconds", "length"),
    [
        pytest.param(True, 100.0, 2.0, id="a round, where another twice as long follows"),
        pytest.param(True, 5.9, 5.9, id="all that is left, where none would follow"),
        pytest.param(False, 100.0, 2.0, id="a round with rivals"),
        pytest.param(False, 1.5, 1.5, id="never more than is left"),
    ],
)
def test_a_round_is_as_long_as_planned_or_takes_all_that_is_left(
    alone: bool, left_seconds: float, length: float
) -> None:
    halving = a_halving([]) if alone else a_halving([], [])
    assert halvings.choose_length(halving, left_seconds) == length


@pytest.mark.parametrize(
    ("queue", "devices", "numbers"),
    [
        pytest.param([1, 2, 3, 4], 1, [1], id="one device: by turns"),
        pytest.param([1, 2, 3, 4], 2, [1, 2], id="one a device"),
        pytest.param([1, 2, 3], 4, [1], id="fewer than devices: each on all of them"),
        pytest.param([2, 4], 2, [2, 4], id="as many as devices"),
    ],
)
def test_as_many_trials_train_at_once_as_there_are_devices_or_one(
    queue: list[int], devices: int, numbers: list[int]
) -> None:
    assert halvings.list_next(a_halving([], [], [], [], queue=queue), devices) == numbers


def test_the_better_half_goes_on_for_twice_as_long() -> None:
    halving = a_halving([0.5], [0.9], [0.7], [0.8])
    losers = halvings.end_round(halving, left_seconds=100.0)
    assert [one.number for one in losers] == [1, 3]
    assert [one.number for one in halving.trials] == halving.queue == [2, 4]
    assert halving.round_seconds == 4.0


def test_only_the_best_goes_on_where_the_time_does_not_pay_another_round_of_two() -> None:
    halving = a_halving([0.5], [0.9], [0.7], [0.8])
    losers = halvings.end_round(halving, left_seconds=7.0)
    assert [one.number for one in halving.trials] == [2]
    assert len(losers) == 3


def test_of_equal_scores_the_earlier_recipe_goes_on() -> None:
    halving = a_halving([0.8], [0.8])
    halvings.end_round(halving, left_seconds=100.0)
    assert [one.number for one in halving.trials] == [1]


@pytest.mark.parametrize(
    ("scores", "held_out", "reason"),
    [
        pytest.param([0.5], 200, None, id="after one round nobody knows"),
        pytest.param([0.5, 0.7, 0.9], 200, None, id="while it rises"),
        pytest.param([0.5, 0.9, 0.902, 0.903], 200, StopReason.CONVERGED, id="two doublings within noise"),
        pytest.param([0.5, 0.9, 0.89, 0.9], 200, StopReason.NO_PROGRESS, id="two doublings without any gain"),
        pytest.param([0.5, 0.9, 0.9, 0.9], 20, None, id="few images have to say it more often"),
        pytest.param([0.5, 0.9, 0.9, 0.9, 0.9, 0.9], 20, StopReason.NO_PROGRESS, id="and then they are believed"),
        pytest.param([0.997], 200, StopReason.CEILING, id="as good as it can be"),
        pytest.param([1.0, 1.0], 20, None, id="full marks on few images may be luck"),
        pytest.param([1.0, 1.0, 1.0], 20, StopReason.CEILING, id="full marks again and again"),
    ],
)
def test_a_search_ends_when_more_training_does_not_help(
    scores: list[float], held_out: int, reason: StopReason | None
) -> None:
    assert halvings.find_stop(a_halving(scores), held_out, left_seconds=50.0, least_seconds=1.0) is reason


@pytest.mark.parametrize(
    ("scores", "plateaus"),
    [
        pytest.param([], 0, id="before the first round"),
        pytest.param([0.5, 0.7, 0.9], 0, id="while it rises"),
        pytest.param([0.5, 0.9, 0.902, 0.4], 2, id="within noise, and a fall"),
        pytest.param([0.5, 0.9, 0.7, 0.8], 2, id="a rise to what was there before is none"),
    ],
)
def test_rounds_that_gained_nothing_are_counted(scores: list[float], plateaus: int) -> None:
    assert halvings.count_plateaus([halvings.Score(value, 0.01) for value in scores]) == plateaus


def test_a_search_ends_with_the_budget() -> None:
    halving = a_halving([0.5, 0.7, 0.9])
    assert halvings.find_stop(halving, 200, left_seconds=0.5, least_seconds=1.0) is StopReason.BUDGET_REACHED


def test_a_flat_winner_of_the_whole_portfolio_leaves_nothing_to_try() -> None:
    halving = a_halving([0.5, 0.9, 0.9, 0.9], is_whole_portfolio=True)
    assert halvings.find_stop(halving, 200, left_seconds=50.0, least_seconds=1.0) is StopReason.TRIALS_EXHAUSTED


def test_rivals_are_not_flat_before_one_is_left() -> None:
    halving = a_halving([0.9, 0.9, 0.9, 0.9], [0.8, 0.8, 0.8, 0.8])
    assert halvings.find_stop(halving, 200, left_seconds=50.0, least_seconds=1.0) is None


@pytest.mark.parametrize(
    ("score", "images", "is_there"),
    [(0.996, 200, True), (0.996, 20, False), (0.99, 2_000, False), (None, 200, False)],
)
def test_a_head_is_at_the_ceiling_where_many_images_say_so(score: float | None, images: int, *, is_there: bool) -> None:
    assert halvings.is_at_ceiling(score, images) is is_there


def test_a_halving_survives_a_checkpoint() -> None:
    halving = a_halving([0.5], [0.9, 0.95], stop_reason=StopReason.CONVERGED, queue=[2], ended=[{"number": 7}])
    assert halvings.read_halving(halving.to_json()) == halving


def test_a_halving_of_the_next_version_is_read_without_what_this_one_does_not_know() -> None:
    halving = a_halving([0.5], [0.9, 0.95], queue=[2])
    found = {**halving.to_json(), "bracket": 3}
    for one in found["contenders"]:
        one["memory_bytes"] = 7
        one["scores"] = [{**score, "images": 40} for score in one["scores"]]
    assert halvings.read_halving(found) == halving


def test_checkpoints_and_records_keep_the_keys_that_other_versions_read() -> None:
    in_checkpoint = set(a_halving([0.5]).to_json())
    assert "contenders" in in_checkpoint
    assert "trials" not in in_checkpoint
    record = TrialRecord(1, TrialKind.NETWORK, "resnet18", 0.9, 0.01, 0.0, 5.0, TrialEnd.WON, "", round=2)
    assert record.to_json()["rung"] == 2
    assert "round" not in record.to_json()
