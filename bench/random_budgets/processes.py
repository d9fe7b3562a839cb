"""A process and a CPU for each run of the bench of random budgets.

Owns them, and what is different in them from a pod's. Must not judge.
"""

import logging
import multiprocessing
import os
import pathlib
import queue
from multiprocessing.connection import Connection
from typing import Final

from bench.random_budgets.one_run import run_plan
from bench.random_budgets.verdicts import Plan, Run
from bench.trainer import image_settings
from darkroom_trainer.tasks import registry

PRELOADED: Final = ["darkroom_trainer.commands.training", "bench.random_budgets.one_run"]
LEAST_PASSES: Final = 150
"""Coloured squares need no more; with what real data need, most of these budgets would be refused at once."""


def run_apart(plan: Plan, root: pathlib.Path, cpus: queue.Queue[int]) -> Run:
    """Run the plan in a new process, on a CPU out of the queue; its code is loaded, and nothing in it was used yet."""
    os.environ.update(image_settings.read_allocator_settings(), OMP_WAIT_POLICY="PASSIVE")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    cpu = cpus.get()
    try:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_send_run, args=(sender, plan, root, cpu))
        process.start()
        sender.close()
        run: Run = receiver.recv()
        process.join()
    finally:
        cpus.put(cpu)
    return run


def _send_run(sender: Connection, plan: Plan, root: pathlib.Path, cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
    logging.disable(logging.CRITICAL)
    for task in registry.TASKS.values():
        task.least_passes = LEAST_PASSES
    sender.send(run_plan(plan, root))
