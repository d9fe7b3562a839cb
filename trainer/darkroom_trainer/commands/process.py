"""The trainer pod's process: RunConfig in, Outcome and exit code out.

Owns arguments, logs and the termination message. A stop request ends the process with 143 within seconds: the run
keeps a checkpoint where it can, and is cut short where it cannot. Must not import torch.
"""

import argparse
import logging
import os
import pathlib
import sys
import threading
import time
from typing import Final

import pydantic

from darkroom_api import conditions, endings, names, report, run_config
from darkroom_storage.secrets import hide
from darkroom_trainer.budget.meter import Meter, observe_process_start
from darkroom_trainer.commands import dispatching, engine
from darkroom_trainer.runtime.logs import setup_json_logs

STOP_SECONDS: Final = 12.0
"""A stopped training that has not ended by itself after this is cut short; Kubernetes kills after 30 s by default."""
IDLE_STOP_SECONDS: Final = 1.0
"""The same before there can be anything to keep: while torch is being imported nothing looks at the stop event."""
TRAINING_MODULE: Final = "darkroom_trainer.commands.training"
LOG = logging.getLogger("darkroom_trainer")


class BadConfig(Exception):
    """The RunConfig cannot be used; the message names the field."""


def run_process(arguments: list[str], stop: threading.Event) -> int:
    """Run one command and return its exit code; `stop` is set by SIGTERM, perhaps already.

    A pod that is not the first of its run works for that one instead, which alone reports.
    """
    chosen = _parse_arguments(arguments)
    setup_json_logs()
    try:
        config = read_config(chosen.config, run_config.Command(chosen.command))
    except BadConfig as error:
        LOG.error("bad configuration: %s", error)
        outcome = report.Outcome(
            command=chosen.command, reason=conditions.Reason.INVALID_CONFIGURATION, message=hide(str(error))[:1024]
        )
        _write_outcome(outcome, chosen.termination_log)
        return endings.ExitCode.BAD_CONFIG
    index = read_index(config)
    if index:
        from darkroom_trainer.parallel.nodes import node

        dispatching.prepare_environment()
        return node.work(config, index, chosen.work, stop)
    meter = engine.open_meter(config, observe_process_start())
    _watch_stop(stop, chosen, meter)
    outcome = _run(config, chosen, stop, meter)
    _write_outcome(outcome, chosen.termination_log)
    LOG.info("%s", outcome.message, extra={"reason": outcome.reason, "exit_code": int(outcome.exit_code)})
    return outcome.exit_code


def _parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m darkroom_trainer", description="Run one trainer command.")
    parser.add_argument("command", choices=[command.value for command in run_config.Command])
    parser.add_argument("--config", type=pathlib.Path, default=pathlib.Path(names.CONFIG_DIR, names.CONFIG_FILE))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(names.WORK_DIR))
    parser.add_argument("--termination-log", type=pathlib.Path, default=pathlib.Path(names.TERMINATION_LOG))
    parser.add_argument("--port", type=int, default=names.REPORT_PORT, help="report port; 0 picks a free one")
    return parser.parse_args(arguments)


def read_config(path: pathlib.Path, command: run_config.Command) -> run_config.RunConfig:
    """Return the RunConfig in a file; raises BadConfig naming the file and each field that is wrong."""
    try:
        config = run_config.RunConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadConfig(f"--config {path}: {error.strerror or error}") from error
    except pydantic.ValidationError as error:
        fields = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'the file'}: {problem['msg']}"
            for problem in error.errors()[:5]
        )
        raise BadConfig(f"{path.name}: {fields}") from error
    if config.command is not command:
        raise BadConfig(f"{path.name}: command: the file says {config.command.value}, asked for is {command.value}")
    return config


def read_index(config: run_config.RunConfig) -> int:
    """Return which of the run's pods this is; 0 for the one that leads, and where there is no other."""
    told = os.environ.get(names.INDEX_VARIABLE, "")
    return int(told) if config.nodes is not None and told.isdecimal() else 0


def _run(
    config: run_config.RunConfig, chosen: argparse.Namespace, stop: threading.Event, meter: Meter
) -> report.Outcome:
    from darkroom_trainer.runtime.reporting import HttpReporter

    reporter = HttpReporter(chosen.port, devices=config.devices, milli_rate=config.milli_rate)
    LOG.info("starting %s", config.command.value, extra={"attempt": config.attempt, "report_port": reporter.port})
    try:
        return engine.execute(config, chosen.work, reporter, stop, meter)
    finally:
        reporter.close()


def _write_outcome(outcome: report.Outcome, path: pathlib.Path) -> None:
    try:
        path.write_text(outcome.to_termination_message())
    except OSError as error:
        LOG.warning("the outcome could not be written to %s: %s", path, error, extra={"outcome": outcome.to_json()})


def _watch_stop(stop: threading.Event, chosen: argparse.Namespace, meter: Meter) -> None:
    """Cut the process short where nothing looks at `stop` in time; what a checkpoint holds is told as kept."""

    def watch() -> None:
        stop.wait()
        LOG.warning("stopping on request")
        time.sleep(STOP_SECONDS if _has_training_begun() else IDLE_STOP_SECONDS)
        is_training = chosen.command == run_config.Command.TRAIN
        kept = "the last checkpoint stands" if is_training else "nothing of the attempt is kept: the next starts again"
        LOG.warning("cut short in the middle of work that cannot pause; %s", kept)
        message = f"Stopped on request; {kept}."
        outcome = report.Outcome(
            command=chosen.command,
            reason=conditions.Reason.RETRYING_AFTER_DISRUPTION,
            message=message,
            meter=meter.to_report(kept_only=True),
        )
        _write_outcome(outcome, chosen.termination_log)
        sys.stdout.flush()
        os._exit(endings.ExitCode.STOPPED)

    threading.Thread(target=watch, name="stop-watch", daemon=True).start()


def _has_training_begun() -> bool:
    """Return whether the training code is there in full; the module appears while its imports are still running."""
    return hasattr(sys.modules.get(TRAINING_MODULE), "train_model")
