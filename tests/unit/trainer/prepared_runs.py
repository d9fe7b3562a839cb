"""A training of coloured squares, ready for its first step, and its session: for tests of single stages."""

import pathlib
import threading
from typing import Any, NamedTuple

from darkroom_api import run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.checkpoints.sessions import FittedHead, Session
from darkroom_trainer.commands import beginning
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.runtime import reporting
from darkroom_trainer.training import fitting, frozen_features, setup
from darkroom_trainer.training.training_run import TrainingRun
from tests.support import learning
from tests.unit.trainer import tiny_runs

IMAGES = 30


class PreparedRun(NamedTuple):
    """A training before its first step, with the frozen-feature classifier that tells the squares apart."""

    run: TrainingRun
    session: Session
    head: FittedHead


def prepare_squares(folder: pathlib.Path, images: int = IMAGES, **more: Any) -> PreparedRun:
    """Return the training of a classifier of three colours, without an output; `more` goes into its configuration."""
    file = learning.write_squares(folder / "train", images, boxed=False)
    config = tiny_runs.a_config(run_config.Command.TRAIN, Task.CLASSIFIER, file, budget_seconds=60.0, **more)
    stop, meter = threading.Event(), tiny_runs.a_meter(config)
    pictures = PictureCache(None, folder / "work", stop)
    reporter = reporting.SilentReporter()
    with beginning.begin_training(config, folder / "work", reporter, stop, meter, (), pictures) as (context, devices):
        run = setup.prepare_run(context)
        session = fitting.Fitter(run, devices).begin()
        frozen_features.fit_head(run, session)
    assert session.head is not None
    return PreparedRun(run, session, session.head)
