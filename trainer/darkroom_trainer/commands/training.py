"""The `train` command: a model within the budget, from a configuration to published files.

Owns the order of a training's stages. Must not know how a stage works.
"""

from darkroom_api.report import Outcome
from darkroom_trainer.parallel import crew
from darkroom_trainer.training import fitting, frozen_features, refit, run_context, setup
from darkroom_trainer.training.publication import publishing
from darkroom_trainer.training.trials import searching


def train_model(context: run_context.RunContext, devices: crew.Crew) -> Outcome:
    """Train a model on these devices within the run's budget and publish it; returns the successful outcome.

    The score comes from the search's winner on held-out images, or from the evaluation dataset, measured on the final
    model. A stage that an earlier attempt has ended is left out: its checkpoint says so. Raises RunError:
    InvalidConfiguration, DatasetCorrupt, DatasetNotFound, StorageUnavailable, BudgetNotEnough, TrainingDiverged;
    RunStopped after a checkpoint.
    """
    config = context.config
    published = publishing.find_published(context)
    if published is not None:
        return published
    # 1. Set up: check, fetch, split, measure costs, decode. A bad run ends here, at little cost.
    try:
        run = setup.prepare_run(context)
    except setup.NoCheckpoint:
        return publishing.end_without_model(context)
    fitter = fitting.Fitter(run, devices)
    session = fitter.begin()
    if not config.publish_only:
        # 2. Fit classifiers on frozen features: good models within seconds, where the task has no boxes.
        frozen_features.fit_head(run, session)
        # 3. Halve recipes by their scores on held-out images until more training does not help; score the winner.
        #    With few images the best classifier is the whole model: no network is trained.
        searching.search_recipes(run, fitter, session)
        # 4. Refit the winner on all images.
        refit.refit_model(run, fitter, session)
    devices.dismiss()
    context.pictures.close()
    # 5. Publish: measure, write what fits the rest of the budget, upload. A cancelled run only does this.
    if config.publish_only:
        return publishing.publish_cancelled(run, session)
    return publishing.publish_model(run, session)
