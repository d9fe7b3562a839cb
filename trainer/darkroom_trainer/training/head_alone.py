"""The frozen-feature classifier as the whole model: where no network is worth training, or none learned anything.

Owns what of a run the decision looks at, and which ends of a network are not the run's. The rule is
`search.network_need`'s, the scores are `training.hold_out`'s. Must not fit anything.
"""

import contextlib
import logging
from collections.abc import Iterator

from darkroom_api.conditions import Reason
from darkroom_api.endings import ENDINGS
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.loop import training_loop
from darkroom_trainer.runtime import errors
from darkroom_trainer.search import halving, network_need
from darkroom_trainer.training import divergence, ensembling, frozen_features, hold_out
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)


def leave_out_network(run: TrainingRun, session: Session) -> None:
    """Note what the classifier costs, and let that of a new session answer alone where no network is worth its time."""
    device, known_seconds = run.context.device.torch_device, run.ledger.costs.embed_image_seconds
    image_seconds = frozen_features.note_costs(run, [] if session.head is None else [session.head.model.to(device)])
    if run.saved is not None or session.head is None:
        return
    if session.head.backbones and len(run.frozen) == 1:  # no step tells how slow the machine became, but this network
        run.ledger.slowdown.rise(known_seconds, image_seconds)
    reason = network_need.decide_head_alone(_gather_evidence(run, session.head), _plan_network(run))
    if reason is not None:
        hold_out.score_head(run, session, session.head, reason)


@contextlib.contextmanager
def outlive_network(run: TrainingRun, session: Session) -> Iterator[None]:
    """Let the classifier answer alone where networks come to nothing within; where it is no model either, raise that.

    Raises RunError: BudgetNotEnough, TrainingDiverged.
    """
    try:
        yield
    except training_loop.NonFiniteLoss as error:
        if not _answer_instead(run, session, Reason.TRAINING_DIVERGED):
            raise divergence.explain_run_non_finite(run) from error
    except errors.RunError as error:
        if not _answer_instead(run, session, error.reason):
            raise


def _answer_instead(run: TrainingRun, session: Session, ended: Reason) -> bool:
    """Let the classifier answer alone where only the network has ended; returns whether it does."""
    head, reason = session.head, ENDINGS[ended].without_network
    if head is None or reason is None or not _gather_evidence(run, head).may_answer_alone:
        return False
    LOG.warning("no network has a part in the model: %s", ended)
    hold_out.score_head(run, session, head, reason)
    return True


def _gather_evidence(run: TrainingRun, head: FittedHead) -> network_need.HeadEvidence:
    test = run.task.compare_with_baseline(*ensembling.predict_head(run, head))
    is_at_ceiling = halving.is_at_ceiling(head.score, len(head.rows))
    return network_need.HeadEvidence(test, is_pretrained=bool(head.backbones), is_at_ceiling=is_at_ceiling)


def _plan_network(run: TrainingRun) -> network_need.NetworkPlan:
    labels = sum(len(run.dataset.examples[row].labels) for row in run.rows.usable)
    return network_need.NetworkPlan(
        is_pretrained=run.pretrained.find(run.measured_recipe.recipe.backbone) is not None,
        fits=run.ledger.fits_network(run.context.meter.charged_seconds),
        is_testable=ensembling.can_test_networks(run),
        images_a_tag=labels / len(run.task.labels),
    )
