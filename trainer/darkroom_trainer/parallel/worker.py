"""The process of a further device: takes the steps that the first process announces, or trains a trial alone.

Owns nothing that outlives it. Must not read storage, report or checkpoint; it holds no credentials to do so with.
"""

import dataclasses
import logging
import pathlib
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
import safetensors.torch
import torch

from darkroom_api.conditions import Reason
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.loop import kept_maps, preparation, training_loop
from darkroom_trainer.parallel import lone_trial, orders, team
from darkroom_trainer.runtime import device as devices, errors
from darkroom_trainer.tasks import registry

FAILED: Final = 1
LOG = logging.getLogger(__name__)


def work(channel: Connection) -> int:
    """Follow the orders of the first process until the channel closes; returns the exit code."""
    try:
        _follow(channel)
    except EOFError:
        return 0
    except torch.OutOfMemoryError as error:
        channel.send(orders.Failure(str(error)[:500], is_out_of_memory=True))
    except errors.RunError as error:
        is_out_of_memory = error.reason is Reason.OUT_OF_MEMORY
        channel.send(orders.Failure(error.message[:500], is_out_of_memory))
    except team.LostTouchError as error:
        channel.send(orders.Failure(str(error)[:500], is_out_of_memory=False, has_lost_touch=True))
    except Exception as error:
        LOG.exception("a further device's process fails")
        channel.send(orders.Failure(f"{type(error).__name__}: {error}"[:500], is_out_of_memory=False))
    return FAILED


def _follow(channel: Connection) -> None:
    learner: training_loop.Learner | None = None
    folder: pathlib.Path | None = None
    group: team.ProcessGroup | None = None
    kept = kept_maps.KeptMaps()
    while True:
        order = channel.recv()
        if isinstance(order, orders.Assignment):
            learner, folder = build_learner(order), order.folder
            learner.kept = kept
            if order.rendezvous is not None:
                channel.send(orders.Ready())
                group = _join(order.rendezvous, order, learner.device, group)
                learner.peers = team.Follower(order.rank, group)
        elif isinstance(order, orders.TrialOrder) and learner is not None and folder is not None:
            channel.send(lone_trial.LoneTrial(learner, order, channel, folder).run())
        elif isinstance(order, orders.Step) and learner is not None:
            learner.recipe = dataclasses.replace(learner.recipe, batch_size=order.batch_size)
            learner.take_step(order.rate)


def _join(
    rendezvous: str, order: orders.Assignment, device: devices.Device, group: team.ProcessGroup | None
) -> team.ProcessGroup:
    """Return the group that meets there; one that met elsewhere is over, since other devices were in it."""
    if group is not None and group.rendezvous == rendezvous:
        return group
    if group is not None:
        group.leave()
    return team.ProcessGroup(rendezvous, order.rank, order.size, device)


def build_learner(order: orders.Assignment) -> training_loop.Learner:
    """Return a learner that stands where the first process' learner stands."""
    device = devices.prepare_device(order.local_devices, order.local_rank)
    task = registry.build_task(order.task, order.labels)
    data = training_loop.TrainingData(
        images=preparation.map_images(order.images_file, device),
        targets={name: torch.from_numpy(values) for name, values in order.targets.items()},
        rows=np.asarray(order.rows),
        mean=preparation.as_planes(order.mean, device),
        std=preparation.as_planes(order.std, device),
    )
    recipe = order.recipe
    model = task.build_model(recipe.backbone, image_size_px=recipe.image_size_px, network=recipe.network)
    learner = training_loop.Learner(task, model, data, order.recipe, device, order.seed)
    sessions.restore(learner, safetensors.torch.load_file(order.state_file))
    learner.step = order.step
    return learner
