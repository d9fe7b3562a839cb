"""The end of a training: the final model measured, written, explained and uploaded, and the run closed.

Owns the order of these, and the model's folder. Must not change the model.
"""

import pathlib

from darkroom_api.report import Outcome
from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.export import artifacts
from darkroom_trainer.training import hold_out
from darkroom_trainer.training.publication import final_scores, model_files, outcomes, result_files
from darkroom_trainer.training.run_context import RunContext
from darkroom_trainer.training.training_run import TrainingRun

ARTIFACTS_FOLDER = "artifacts"


def find_published(context: RunContext) -> Outcome | None:
    """Return what an earlier attempt ended with that has published; None where none has."""
    return checkpoint.find_published(context.config, context.meter)


def publish_model(run: TrainingRun, session: Session) -> Outcome:
    """Write and upload the finished model; returns the run's outcome.

    Raises RunError(StorageUnavailable) where the bucket stays away, RunStopped where a newer attempt has taken over.
    """
    run.context.report("Measuring the final model")
    published = _publish(run, session)
    return _close(run, outcomes.build_succeeded(run, session, published))


def publish_cancelled(run: TrainingRun, session: Session) -> Outcome:
    """Publish what a cancelled run's newest checkpoint holds, without a step more; returns the Cancelled outcome.

    Raises as `publish_model` does.
    """
    hold_out.score_unfinished(run, session)
    run.context.report("Keeping the best model so far")
    published = _publish(run, session)
    return _close(run, outcomes.build_cancelled(run, session, published, str(_find_folder(run))))


def end_without_model(context: RunContext) -> Outcome:
    """Return the outcome of a cancelled run that has no usable checkpoint."""
    return outcomes.build_without_model(context.config)


def _publish(run: TrainingRun, session: Session) -> outcomes.Publication:
    """Measure, write and upload the model."""
    folder = _find_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    model = model_files.build_final_model(session)
    measured = final_scores.measure_model(run, session, model)
    files = model_files.write_model(run, session, model, folder)
    session.add_note(model_files.explain_missing(files.parity))
    names = files.names + result_files.write_results(run, session, files, measured, folder)
    run.context.report("Uploading")
    check_claim = None if run.store is None else run.store.claim.check
    config = run.context.config
    published = artifacts.publish_files(folder, names, config.output, check_claim, served_as=config.resource.name)
    run.ledger.settle(RemainingWork.WEIGHTS, RemainingWork.UPLOADS)
    return outcomes.Publication(files.description, measured, published)


def _find_folder(run: TrainingRun) -> pathlib.Path:
    return run.context.work / ARTIFACTS_FOLDER


def _close(run: TrainingRun, outcome: Outcome) -> Outcome:
    """Close the run's checkpoints, if it has any; returns the outcome."""
    if run.store is not None:
        run.store.close(run.context.config, outcome)
    run.ledger.settle(RemainingWork.CHECKPOINT)
    run.context.report("Done")
    return outcome
