"""`darkroom run`: the resources of manifests, run in dependency order in this process.

Owns the order, the clock and how an interruption ends. What each status says is in `local_status`, what each run is
told in `local_config`, what is kept in `local_board`.
"""

import contextlib
import pathlib
import platform
import tempfile
import time
from collections.abc import Iterator
from typing import Final

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.results import describe_run
from darkroom_api.run_config import Command, DatasetSource, RunConfig
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus, ProgressStatus
from darkroom_trainer import local_config, local_status
from darkroom_trainer.interruption import Interruption
from darkroom_trainer.local_board import Board, Entry, read_clock
from darkroom_trainer.local_display import Display
from darkroom_trainer.local_status import Blocker

EXIT_SUCCEEDED: Final = 0
EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130
_SAVE_PROGRESS_EVERY_SECONDS: Final = 10.0


def run_board(board: Board, display: Display) -> int:
    """Run every resource and return the exit code: 0 only where all are Ready or Succeeded, 130 on Ctrl-C."""
    board.write()
    interruption = Interruption()
    with interruption, tempfile.TemporaryDirectory(prefix="darkroom-") as work:
        for entry in board.entries:
            try:
                _Run(board, entry, display, interruption, pathlib.Path(work)).run()
            except KeyboardInterrupt:
                _note(board, entry, local_status.interrupt(entry.status, read_clock()), display)
                return EXIT_INTERRUPTED
    done_well = all(local_status.is_done_well(entry.status) for entry in board.entries)
    return EXIT_SUCCEEDED if done_well else EXIT_FAILED


def _note(board: Board, entry: Entry, status: local_status.Status, display: Display) -> None:
    """Take a new status: kept first, then shown."""
    entry.status = status
    board.write()
    display.end_progress()
    display.say(f"{entry.shown}  {status.phase}  {status.reason}: {status.message}")


class _Run:
    """One resource's way through its phases."""

    def __init__(
        self, board: Board, entry: Entry, display: Display, interruption: Interruption, work: pathlib.Path
    ) -> None:
        self._board = board
        self._entry = entry
        self._display = display
        self._interruption = interruption
        self._work = work / entry.manifest.kind.name / f"{entry.manifest.namespace}.{entry.manifest.name}"

    def run(self) -> None:
        """Block it, or run it to its end; raises KeyboardInterrupt when its user wants to stop."""
        kind = self._entry.manifest.kind.name
        if kind == "Dataset":
            self._execute(local_config.build_inspect_config(self._entry.target))
        elif kind == "Model":
            self._run_model()
        else:
            self._run_evaluation()

    def _set(self, status: local_status.Status) -> None:
        _note(self._board, self._entry, status, self._display)

    def _run_model(self) -> None:
        spec, status = self._entry.manifest.spec, self._entry.status
        assert isinstance(spec, ModelSpec)
        assert isinstance(status, ModelStatus)
        if spec.cancel:
            self._set(local_status.cancel(status, read_clock()))
            return
        if spec.suspend:
            message = "`spec.suspend` is true; set it to false to go on."
            phase = RunPhase.QUEUED
            self._set(describe_run(status, phase, Reason.SUSPENDED, message, local_status.GENERATION, read_clock()))
            return
        blocker = self._check_dataset("dataset", spec.dataset, spec)
        if blocker is None and spec.evaluation_dataset is not None:
            blocker = self._check_dataset("evaluationDataset", spec.evaluation_dataset, spec)
        if blocker is not None:
            self._set(local_status.block(status, blocker, read_clock()))
            return
        other = self._source(spec.evaluation_dataset) if spec.evaluation_dataset is not None else None
        self._execute(local_config.build_train_config(self._entry.target, self._source(spec.dataset), other))

    def _run_evaluation(self) -> None:
        spec, status = local_config.evaluation_spec(self._entry.manifest), self._entry.status
        assert isinstance(status, EvaluationStatus)
        model = self._find("Model", spec.model)
        model_status = model.status if model is not None else None
        assert model_status is None or isinstance(model_status, ModelStatus)
        blocker = local_status.find_model_blocker(spec.model, model_status)
        if blocker is None and model is not None and isinstance(model.manifest.spec, ModelSpec):
            blocker = self._check_dataset("dataset", spec.dataset, model.manifest.spec)
        if blocker is not None:
            self._set(local_status.block(status, blocker, read_clock()))
            return
        assert model is not None
        assert isinstance(model.manifest.spec, ModelSpec)
        assert model_status is not None
        assert model_status.artifacts is not None
        self._execute(
            local_config.build_evaluate_config(
                self._entry.target,
                self._source(spec.dataset),
                model.manifest,
                self._source(model.manifest.spec.dataset),
                model_status.artifacts,
            )
        )

    def _find(self, kind: str, name: str) -> Entry | None:
        return self._board.find(kind, self._entry.manifest.namespace, name)

    def _check_dataset(self, field: str, name: str, model: ModelSpec) -> Blocker | None:
        found = self._find("Dataset", name)
        known = None
        if found is not None:
            assert isinstance(found.manifest.spec, DatasetSpec)
            assert isinstance(found.status, DatasetStatus)
            known = (found.manifest.spec, found.status)
        return local_status.find_dataset_blocker(field, name, known, model.task)

    def _source(self, name: str) -> DatasetSource:
        found = self._find("Dataset", name)
        assert found is not None
        assert isinstance(found.status, DatasetStatus)
        revision = found.status.summary.revision if found.status.summary else None
        return local_config.build_source(found.manifest, revision)

    def _execute(self, config: RunConfig) -> None:
        from darkroom_trainer import engine  # checks and tables should not wait for its imports

        entry = self._entry
        entry.status = local_status.begin(entry.status, entry.manifest, entry.target.uid, platform.node(), read_clock())
        self._set(entry.status)
        self._work.mkdir(parents=True)
        began = time.monotonic()
        reporter = _BoardReporter(self._board, entry, self._display)
        with self._patience(config.command):
            outcome = engine.execute(config, self._work, reporter, self._interruption.stop)
        status = local_status.finish(entry.status, outcome, time.monotonic() - began, read_clock())
        if outcome.reason is Reason.RETRYING_AFTER_DISRUPTION:
            entry.status = local_status.keep_meters(entry.status, status)
            raise KeyboardInterrupt
        self._set(status)

    @contextlib.contextmanager
    def _patience(self, command: Command) -> Iterator[None]:
        """A training may write its checkpoint after the first Ctrl-C; everything else just stops."""
        self._interruption.patient = command is Command.TRAIN
        try:
            yield
        finally:
            self._interruption.patient = False


class _BoardReporter:
    """Shows progress, and keeps it in the status as often as an operator would."""

    def __init__(self, board: Board, entry: Entry, display: Display) -> None:
        self._board = board
        self._entry = entry
        self._display = display
        self._saved = time.monotonic()

    def update(
        self,
        *,
        percent: int,
        stage: str,
        trial: int | None = None,
        eta_seconds: int | None = None,
        charged_seconds: float | None = None,
    ) -> None:
        """Take the newest progress."""
        self._display.show_progress(self._entry.shown, percent, stage, eta_seconds)
        shown = ProgressStatus(percent=percent, stage=stage[:64], trial=trial, eta_seconds=eta_seconds)
        self._entry.status = local_status.progress(self._entry.status, shown, charged_seconds)
        if time.monotonic() - self._saved >= _SAVE_PROGRESS_EVERY_SECONDS:
            self._saved = time.monotonic()
            self._board.write()
