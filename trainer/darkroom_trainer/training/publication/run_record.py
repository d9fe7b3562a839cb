"""What metrics.json, the card and the report say of a training beside its scores.

Owns the keys of `details`. Must not measure.
"""

from typing import Any

from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.training.training_run import TrainingRun
from darkroom_trainer.training.trials import trial_listing


def find_stop_reason(session: Session) -> StopReason:
    """Return why the training ended where it did."""
    of_networks = session.halving.stop_reason if session.halving else None
    return session.head_alone or of_networks or StopReason.BUDGET_REACHED


def build_details(run: TrainingRun, session: Session) -> dict[str, Any]:
    """Return the record of a training, all but its scores and its ONNX file."""
    context, hold_out = run.context, session.hold_out
    return {
        "holdOut": hold_out.performance.to_json() if hold_out else None,
        "budgetSeconds": context.budget_seconds,
        "meter": {
            **context.meter.to_report(context.budget_seconds).to_json(),
            "allocatedSeconds": round(context.config.allocated_seconds + context.meter.held_seconds, 3),
            "attempt": context.config.attempt,
            "takenAt": "before the upload",
        },
        "images": {
            "train": len(run.rows.train),
            "heldOut": len(run.rows.held_out),
            "final": len(run.rows.usable),
            "evaluation": run.ledger.workload.evaluation_images,
        },
        "recipe": session.learner.recipe.describe(),
        "weights": list_weights(run, session),
        "steps": session.learner.step,
        "measuredRecipes": [measured.describe() for measured in run.measured_recipes],
        "trials": trial_listing.list_trials(session),
        "stopReason": find_stop_reason(session).value,
        "lightShare": session.ensemble_weight,
        "device": context.device.description,
        "datasetRevision": run.dataset.revision,
        "seed": context.config.seed,
        "history": session.history,
    }


def list_weights(run: TrainingRun, session: Session) -> list[dict[str, Any]]:
    """Return the records of the pretrained weights that are in the model, those of its network first."""
    networks = [] if session.ensemble_weight == 1 else [session.learner.recipe.backbone]
    frozen = session.head.backbones if session.head and session.ensemble_weight > 0 else []
    records = [run.pretrained.describe(name) for name in dict.fromkeys([*networks, *frozen])]
    return [record for record in records if record is not None]
