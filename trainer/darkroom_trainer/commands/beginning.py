"""How a training begins: everything that is free, then the meter.

Owns what is loaded and who is waited for before anything is charged. Must not know how a model is trained.
"""

import contextlib
import gc
import pathlib
import threading
from collections.abc import Iterator, Sequence

from darkroom_api.run_config import RunConfig
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.heads.fits import linear
from darkroom_trainer.parallel import crew, member
from darkroom_trainer.parallel.nodes import gathering
from darkroom_trainer.runtime.reporting import Reporter
from darkroom_trainer.training import run_context


@contextlib.contextmanager
def begin_training(
    config: RunConfig,
    work: pathlib.Path,
    reporter: Reporter,
    stop: threading.Event,
    meter: Meter,
    started: Sequence[member.Member],
    pictures: PictureCache,
) -> Iterator[tuple[run_context.RunContext, crew.Crew]]:
    """Have the code of a training loaded on all devices, other pods' among them, and start the meter.

    `started` are the processes of this pod's further devices. Yields the training's context and all devices. Raises
    what `gathering.gather_nodes`, the crew and `run_context.open_context` raise.
    """
    if config.task is not None and not config.task.has_boxes:
        linear.load_solver()  # as part of the code: the first fit would be charged for it
    # torch and what it brings are hundreds of thousands of objects: a collection that walks through all of them
    # stops a step or an export for some tenths of a second, and finds nothing.
    gc.freeze()
    try:
        with (
            gathering.gather_nodes(config, work, reporter, meter) as nodes,
            crew.Crew(1 + len(started), work, stop, nodes, started) as devices,
        ):
            context = run_context.open_context(config, work, reporter, stop, meter, pictures, nodes)
            meter.begin()
            if nodes is not None:
                nodes.take_part()
            yield context, devices
    finally:
        gc.unfreeze()  # `darkroom run` goes on, and what this run leaves behind is to be collected
