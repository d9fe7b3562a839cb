"""Which heads are tried on what, and in which order."""

import pytest
import torch

from darkroom_trainer.heads import trial_plan
from darkroom_trainer.heads.cross_validation import ScoredHead
from darkroom_trainer.heads.fits.families import GRIDS, Family
from darkroom_trainer.heads.fits.temperature import Calibration
from darkroom_trainer.heads.head_scores import HeadScore


def a_scored(blocks: tuple[str, ...], family: Family = Family.DISCRIMINANT) -> ScoredHead:
    trial = trial_plan.build_trial(blocks, family, 2)
    return ScoredHead(trial, {}, Calibration(), torch.zeros(1, 1, 2), HeadScore(0.5, 0.1, 1.0))


def test_pretrained_networks_come_first_and_with_many_rows_also_last_beside_all_hand_made_features() -> None:
    sets = trial_plan.list_sets(has_colour=False, backbones=["small", "large"], rows=200)
    assert sets[:3] == [("backbone:small",), ("backbone:large",), ("grey8",)]
    assert [names[0] for names in sets[-2:]] == ["backbone:small", "backbone:large"]
    assert all(len(names) > 1 for names in sets[-2:])
    assert sets[:-2] == trial_plan.list_sets(has_colour=False, backbones=["small", "large"], rows=199)
    assert ("colours",) not in sets
    assert ("colours",) in trial_plan.list_sets(has_colour=True, backbones=[], rows=10)


@pytest.mark.parametrize(
    ("blocks", "views"), [(("grey8",), 6), (("backbone:small",), 0), (("backbone:small", "grey8"), 0)]
)
def test_a_network_looks_at_few_views(blocks: tuple[str, ...], views: int) -> None:
    assert trial_plan.build_trial(blocks, Family.RIDGE, 6).num_views == views


@pytest.mark.parametrize(
    ("rows", "has_views", "views"),
    [(10, False, 0), (10, True, 6), (500, True, 4), (2000, True, 1), (50_000, True, 1), (0, True, 6)],
)
def test_few_images_are_seen_in_many_ways(rows: int, views: int, *, has_views: bool) -> None:
    assert trial_plan.count_views(rows, has_views=has_views) == views


@pytest.mark.parametrize(
    ("is_multilabel", "kinds"),
    [(False, [Family.DISCRIMINANT, Family.NEIGHBOURS]), (True, [Family.RIDGE, Family.NEIGHBOURS])],
    ids=["one label", "several labels"],
)
def test_the_first_round_tries_the_cheap_kinds_on_every_set(kinds: list[Family], *, is_multilabel: bool) -> None:
    trials = trial_plan.plan_first([("grey8",), ("edges7",)], 2, is_multilabel=is_multilabel)
    assert [(one.blocks, one.family) for one in trials] == [
        (blocks, kind) for blocks in (("grey8",), ("edges7",)) for kind in kinds
    ]
    assert all(one.grid == GRIDS[one.family] for one in trials)


RANKED = [a_scored(("edges7",)), a_scored(("grey8",)), a_scored(("edges7",), Family.NEIGHBOURS)]
SECOND = {
    "few rows": ({"rows": 100}, [Family.KERNEL, Family.KERNEL, Family.DISCRIMINANT, Family.RIDGE, Family.PROTOTYPES]),
    "enough rows for iterations": (
        {"rows": 200},
        [Family.KERNEL, Family.KERNEL, Family.DISCRIMINANT, Family.RIDGE, Family.PROTOTYPES, Family.LOGISTIC],
    ),
    "many rows": (
        {"rows": 1000},
        [Family.KERNEL, Family.DISCRIMINANT, Family.RIDGE, Family.PROTOTYPES, Family.LOGISTIC],
    ),
    "very many labels": (
        {"num_labels": 301}, [Family.DISCRIMINANT, Family.RIDGE, Family.PROTOTYPES],
    ),
    "no views": ({"num_views": 0}, [Family.KERNEL, Family.KERNEL, Family.RIDGE, Family.PROTOTYPES]),
    "several labels a row": (
        {"is_multilabel": True},
        [Family.KERNEL, Family.KERNEL, Family.DISCRIMINANT, Family.PROTOTYPES, Family.LOGISTIC],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "kinds"), SECOND.values(), ids=SECOND.keys())
def test_the_second_round_tries_expensive_kinds_on_the_best_sets(changes: dict[str, int], kinds: list[Family]) -> None:
    given = {"num_views": 2, "rows": 100, "num_labels": 3, "is_multilabel": False, **changes}
    is_multilabel = bool(given.pop("is_multilabel"))
    trials = trial_plan.plan_second(RANKED, is_multilabel=is_multilabel, **given)
    assert [one.family for one in trials] == kinds
    assert trials[-1].blocks == ("edges7",), "the best set"


def test_nothing_is_tried_twice_on_a_network_that_sees_no_views() -> None:
    ranked = [a_scored(("backbone:small",))]
    trials = trial_plan.plan_second(ranked, num_views=6, rows=100, num_labels=3, is_multilabel=False)
    assert [one.family for one in trials] == [Family.KERNEL, Family.RIDGE, Family.PROTOTYPES]
