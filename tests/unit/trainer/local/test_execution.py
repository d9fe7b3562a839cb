"""One run on this machine, from what it is told to its status."""

import io
import pathlib
import threading

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.report import Meter, Outcome
from darkroom_api.run_config import RunConfig
from darkroom_trainer.commands import engine
from darkroom_trainer.local.board import Board
from darkroom_trainer.local.config import build_inspect_config, build_source, build_train_config
from darkroom_trainer.local.display import LineDisplay
from darkroom_trainer.local.execution import Execution
from darkroom_trainer.runtime.reporting import Reporter
from tests.unit.trainer.run_builders import a_dataset, a_model, parse


@pytest.mark.parametrize("reason", [Reason.SUCCEEDED, Reason.RETRYING_AFTER_DISRUPTION])
def test_the_attempt_is_closed_and_the_scratch_folder_goes(
    reason: Reason, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(config: RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event) -> Outcome:  # noqa: ARG001
        (work / "decoded").write_text("much")
        return Outcome(command=config.command, reason=reason, message="Read.", meter=Meter())

    monkeypatch.setattr(engine, "execute", execute)
    (tmp_path / "out").mkdir()
    board, shown = Board([parse(tmp_path, a_dataset())], tmp_path / "out"), io.StringIO()
    (tmp_path / "work").mkdir()
    entry = board.entries[0]
    execution = Execution(board, LineDisplay(shown), tmp_path / "work")
    outcome = execution.execute(entry, build_inspect_config(entry.target), threading.Event())
    assert outcome.reason is reason
    assert entry.status.attempts[-1].outcome == reason
    assert list((tmp_path / "work").iterdir()) == []
    assert ("Ready" in shown.getvalue()) is (reason is Reason.SUCCEEDED)


@pytest.mark.parametrize(("nodes", "lines"), [(None, 0), (1, 0), (4, 1)])
def test_nodes_of_a_cluster_are_left_out_with_a_word(
    nodes: int | None, lines: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = Outcome(reason=Reason.SUCCEEDED, message="Trained.", meter=Meter())
    monkeypatch.setattr(engine, "execute", lambda *_: outcome)
    for name in ("out", "work"):
        (tmp_path / name).mkdir()
    manifests = [parse(tmp_path, a_dataset()), parse(tmp_path, a_model(compute={"nodes": nodes} if nodes else {}))]
    board, shown = Board(manifests, tmp_path / "out"), io.StringIO()
    data, model = board.entries
    config = build_train_config(model.target, build_source(data.target, None), None)
    assert config.nodes is None
    Execution(board, LineDisplay(shown), tmp_path / "work").execute(model, config, threading.Event())
    said = "compute.nodes: 4 are a cluster's; it trains on this machine's devices alone"
    assert shown.getvalue().count(said) == lines
