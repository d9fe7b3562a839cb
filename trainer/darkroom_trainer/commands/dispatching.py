"""Which command a run carries out.

Must not import torch before a command needs it: an inspection starts in a second.
"""

import os
import pathlib
import threading

from darkroom_api import report, run_config
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.runtime.reporting import Reporter


def prepare_environment() -> None:
    """Set what torch, and the processes of further devices, read when they start."""
    # Read by OpenMP when torch is first imported: threads that wait by spinning take the CPU from whoever shares it.
    # Measured on two shared, busy cores: 9 training steps in 8 s with spinning threads, 56 without.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["HF_HUB_OFFLINE"] = "1"  # weights come from where the administrator says, never by a library's own way


def dispatch(
    config: run_config.RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event, meter: Meter
) -> report.Outcome:
    """Return the outcome of `config.command`; raises what the command does."""
    if config.command is run_config.Command.INSPECT:
        from darkroom_trainer.commands.inspection import inspect_dataset

        return inspect_dataset(config, work, reporter)
    prepare_environment()
    if config.command is run_config.Command.TRAIN:
        from darkroom_trainer.data.picture_cache import cache
        from darkroom_trainer.parallel.member import start_members

        with (
            start_members(1 if config.publish_only else config.devices) as members,
            cache.open_pictures(config, work, stop) as pictures,
        ):
            # Only now: while this process loads its code, the further devices' processes load theirs, and decoded
            # images that earlier attempts left are read.
            from darkroom_trainer.commands.beginning import begin_training
            from darkroom_trainer.commands.training import train_model

            with begin_training(config, work, reporter, stop, meter, members, pictures) as (context, devices):
                return train_model(context, devices)
    if config.command is run_config.Command.PREDICT:
        from darkroom_trainer.commands.prediction import predict_images

        return predict_images(config, work, reporter, stop, meter)
    from darkroom_trainer.commands.evaluation import evaluate_model

    return evaluate_model(config, work, reporter, stop, meter)
