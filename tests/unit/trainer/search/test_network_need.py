"""When a frozen-feature classifier needs no network beside it."""

import dataclasses

import pytest

from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.metrics.statistics.baseline import BaselineTest
from darkroom_trainer.search.network_need import FEW_IMAGES_A_TAG, HeadEvidence, NetworkPlan, decide_head_alone

BETTER = BaselineTest(score=0.7, baseline=0.1, noise=0.13, count=50)
GUESSING = BaselineTest(score=0.15, baseline=0.1, noise=0.13, count=50)
UNTOLD = BaselineTest(score=1.0, baseline=0.5, noise=0.75, count=4)
UNASKED = BaselineTest(score=0.0, baseline=0.0, noise=0.0, count=0)

FITTING = NetworkPlan(is_pretrained=False, fits=True, is_testable=True, images_a_tag=5)
TOO_COSTLY = dataclasses.replace(FITTING, fits=False)
PRETRAINED = dataclasses.replace(FITTING, is_pretrained=True)
UNTESTED = dataclasses.replace(FITTING, is_testable=False, images_a_tag=1)
MANY = dataclasses.replace(FITTING, images_a_tag=FEW_IMAGES_A_TAG)

FEW, BUDGET = StopReason.FEW_IMAGES, StopReason.BUDGET_REACHED

CASES = {
    "few images, pretrained features, a network from random weights": (True, BETTER, FITTING, FEW),
    "the same where cross-validation cannot tell": (True, UNTOLD, FITTING, FEW),
    "a pretrained network is tuned beside its own features": (True, BETTER, PRETRAINED, None),
    "many images": (True, BETTER, MANY, None),
    "hand-made features that do well: a network may do better": (False, BETTER, FITTING, None),
    "pretrained features that only guess": (True, GUESSING, FITTING, None),
    "no time for a network": (True, BETTER, TOO_COSTLY, BUDGET),
    "no time for a network beside hand-made features that do well": (False, BETTER, TOO_COSTLY, BUDGET),
    "no time for a network, though cross-validation cannot tell": (True, UNTOLD, TOO_COSTLY, BUDGET),
    "no time for a network, and hand-made features are not shown to do well": (False, UNTOLD, TOO_COSTLY, None),
    "no time for a network, and all features only guess": (True, GUESSING, TOO_COSTLY, None),
    "too few images are held out to test a network": (False, UNASKED, UNTESTED, FEW),
    "the same with pretrained features": (True, UNASKED, UNTESTED, FEW),
}

AT_CEILING = {
    "a network cannot be shown to be better": (BETTER, MANY, StopReason.CEILING),
    "the same where no time is left for one": (BETTER, TOO_COSTLY, StopReason.CEILING),
    "a score that guessing reaches as well proves nothing": (GUESSING, MANY, None),
}


@pytest.mark.parametrize(("test", "network", "reason"), AT_CEILING.values(), ids=AT_CEILING)
def test_a_head_at_the_ceiling_answers_alone(
    test: BaselineTest, network: NetworkPlan, reason: StopReason | None
) -> None:
    assert decide_head_alone(HeadEvidence(test, is_pretrained=False, is_at_ceiling=True), network) is reason


@pytest.mark.parametrize(("is_pretrained", "test", "network", "reason"), CASES.values(), ids=CASES)
def test_the_head_answers_alone(
    test: BaselineTest, network: NetworkPlan, reason: StopReason | None, *, is_pretrained: bool
) -> None:
    assert decide_head_alone(HeadEvidence(test, is_pretrained), network) is reason
