"""Which command a run carries out.

Must not import torch before a command needs it: an inspection starts in a second.
"""

import gc
import os
import pathlib
import threading

from darkroom_api import report, run_config
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.runtime.reporting import Reporter


def dispatch(
    config: run_config.RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event, meter: Meter
) -> report.Outcome:
    """Return the outcome of `config.command`; raises what the command does."""
    if config.command is run_config.Command.INSPECT:
        from darkroom_trainer.commands.inspection import inspect_dataset

        return inspect_dataset(config, work, reporter)
    # Read by OpenMP when torch is first imported: threads that wait by spinning take the CPU from whoever shares it.
    # Measured on two shared, busy cores: 9 training steps in 8 s with spinning threads, 56 without.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["HF_HUB_OFFLINE"] = "1"  # weights come from where the administrator says, never by a library's own way
    if config.command is run_config.Command.TRAIN:
        from darkroom_trainer.commands.training import train_model
        from darkroom_trainer.heads.fits import linear

        if config.task is not None and not config.task.has_boxes:
            linear.load_solver()  # as part of the code: the first fit would be charged for it
        # torch and what it brings are hundreds of thousands of objects: a collection that walks through all of them
        # stops a step or an export for some tenths of a second, and finds nothing.
        gc.freeze()
        try:
            meter.begin()
            return train_model(config, work, reporter, stop, meter)
        finally:
            gc.unfreeze()  # `darkroom run` goes on, and what this run leaves behind is to be collected
    if config.command is run_config.Command.PREDICT:
        from darkroom_trainer.commands.prediction import predict_images

        return predict_images(config, work, reporter, stop, meter)
    from darkroom_trainer.commands.evaluation import evaluate_model

    return evaluate_model(config, work, reporter, stop, meter)
