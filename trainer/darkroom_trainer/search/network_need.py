"""Whether a network is trained beside the frozen-feature classifier at hand, or that one answers alone.

Owns the rule and its numbers. Pure. Must not know how either of them is fitted.
"""

from dataclasses import dataclass
from typing import Final

from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.metrics.statistics.baseline import BaselineTest

FEW_IMAGES_A_TAG: Final = 50
"""Below this mean a network from random weights adds nothing to a classifier on pretrained features that
cross-validation preferred to the hand-made ones (docs/decisions/0023-head-alone.md)."""


@dataclass(frozen=True)
class HeadEvidence:
    """A frozen-feature classifier before any network is trained; `test` compares its cross-validated answers."""

    test: BaselineTest
    is_pretrained: bool
    """Whether it looks at the features of a pretrained network."""
    is_at_ceiling: bool = False
    """Whether its score is as good as its images can show."""

    @property
    def may_answer_alone(self) -> bool:
        """Return whether it is a model worth handing over: pretrained features need to be refuted, others proved."""
        return not self.test.is_no_better if self.is_pretrained else self.test.is_better


@dataclass(frozen=True)
class NetworkPlan:
    """The network that could be trained; `fits` tells whether a useful training of it still does.

    `is_testable` tells whether the held-out images can show that it learned something.
    """

    is_pretrained: bool
    fits: bool
    is_testable: bool
    images_a_tag: float


def decide_head_alone(head: HeadEvidence, network: NetworkPlan) -> StopReason | None:
    """Return why no network is to be trained; None where one is."""
    if not network.is_testable:
        return StopReason.FEW_IMAGES  # nobody would know what the network is worth, so it would have no part
    if not head.may_answer_alone:
        return None
    if head.is_at_ceiling:
        return StopReason.CEILING
    if not network.fits:
        return StopReason.BUDGET_REACHED
    is_few = network.images_a_tag < FEW_IMAGES_A_TAG
    return StopReason.FEW_IMAGES if is_few and head.is_pretrained and not network.is_pretrained else None
