"""How a training that ends well is told: the outcome and its message.

Owns the words. Must not measure, write or upload.
"""

from dataclasses import dataclass

from darkroom_api import conditions, durations, report, run_config
from darkroom_api.v1alpha1.common import Artifacts, MeasuredOn
from darkroom_predict.description import ModelDescription
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.export import model_summary, results
from darkroom_trainer.report import writing
from darkroom_trainer.training.publication import run_record
from darkroom_trainer.training.training_run import TrainingRun


@dataclass(frozen=True)
class Publication:
    """What was published: what the model is; scores, None where nothing could be measured; files, if to an output."""

    model: ModelDescription
    measured: results.Measured | None
    artifacts: Artifacts | None


def build_succeeded(run: TrainingRun, session: Session, published: Publication) -> report.Outcome:
    """Return the outcome of a training that has ended by itself."""
    outcome = _build_outcome(run, conditions.Reason.SUCCEEDED, _describe(run, session, published), published)
    return outcome.model_copy(update={"stop_reason": run_record.find_stop_reason(session)})


def build_cancelled(run: TrainingRun, session: Session, published: Publication, folder: str) -> report.Outcome:
    """Return the outcome of a cancelled training, whose files lie in `folder` where there is no output."""
    score = f"{_name_score(published.measured)}, " if published.measured else ""
    kept = published.artifacts.uri if published.artifacts else folder
    work = (
        _summarize(run, session, published) if session.ensemble_weight == 1 else f"after {session.learner.step:,} steps"
    )
    message = f"Cancelled; the best model so far ({score}{work}) is kept at {kept}"
    return _build_outcome(run, conditions.Reason.CANCELLED, message, published)


def build_without_model(config: run_config.RunConfig) -> report.Outcome:
    """Return the outcome of a cancelled run that has no usable checkpoint."""
    message = "Cancelled; there was no model to keep yet"
    return report.Outcome(command=config.command, reason=conditions.Reason.CANCELLED, message=message)


def _build_outcome(run: TrainingRun, reason: conditions.Reason, message: str, published: Publication) -> report.Outcome:
    return report.Outcome(
        command=run.context.config.command,
        reason=reason,
        message=message,
        performance=published.measured.performance if published.measured else None,
        artifacts=published.artifacts,
        dataset_revision=run.dataset.revision,
        report=writing.find_page(published.artifacts),
    )


def _describe(run: TrainingRun, session: Session, published: Publication) -> str:
    context, measured = run.context, published.measured
    budget = durations.format_duration(context.budget_seconds)
    charged_seconds = min(context.meter.charged_seconds, context.budget_seconds)
    if measured is None:
        score = f"Trained on {len(run.rows.usable):,} images, too few to hold any out for a score"
    else:
        score = results.describe_performance(measured.performance, measured.dataset.name)
    cost = f"{charged_seconds:.1f}s of {budget} charged"
    return "; ".join(filter(None, (score, _summarize(run, session, published), cost, session.note)))


def _summarize(run: TrainingRun, session: Session, published: Publication) -> str:
    sources = {record["name"]: record["source"] for record in run_record.list_weights(run, session)}
    return model_summary.summarize_model(published.model, sources)


def _name_score(measured: results.Measured) -> str:
    name = "hold-out score" if measured.performance.measured_on is MeasuredOn.HOLD_OUT else "evaluation score"
    return f"{name} {measured.performance.score or 0.0:.3f}"
