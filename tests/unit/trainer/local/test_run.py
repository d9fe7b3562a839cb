"""A run on this machine from its resources to its end."""

import pathlib
import signal
import threading

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.report import Meter, Outcome
from darkroom_api.run_config import Command, RunConfig
from darkroom_trainer.commands import engine
from darkroom_trainer.local import run
from darkroom_trainer.local.board import Board
from darkroom_trainer.local.display import open_display
from darkroom_trainer.local.manifests import read_manifests
from darkroom_trainer.runtime.reporting import Reporter
from tests.unit.trainer.run_builders import a_dataset, a_model, read_items, write_images, write_manifests


def test_a_training_that_stopped_when_asked_is_queued_again_with_its_cost(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trainer is replaced by one that is asked to stop at once, as a real one is after minutes."""
    inspect = engine.execute

    def execute(config: RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event) -> Outcome:
        if config.command is Command.INSPECT:
            return inspect(config, work, reporter, stop)
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        meter = Meter(charged_seconds=12.0)
        return Outcome(command=config.command, reason=Reason.RETRYING_AFTER_DISRUPTION, message="stopped", meter=meter)

    monkeypatch.setattr(engine, "execute", execute)
    write_images(tmp_path)
    path = write_manifests(tmp_path, a_dataset(), a_model(), a_model("next"))
    board = Board(read_manifests([path]).resources, tmp_path / "out")
    (tmp_path / "out").mkdir()
    assert run.run_board(board, open_display()) == run.EXIT_INTERRUPTED
    items = read_items(tmp_path / "out")
    stopped, waiting = items["Model/sorter"]["status"], items["Model/next"]["status"]
    assert (stopped["phase"], stopped["reason"]) == ("Queued", "RetryingAfterDisruption")
    assert (stopped["budget"]["chargedSeconds"], stopped["attempts"][0]["exitCode"]) == (12.0, 143)
    assert (waiting["phase"], waiting["reason"]) == ("Queued", "Scheduling")


@pytest.mark.parametrize(("broken", "code"), [(False, run.EXIT_SUCCEEDED), (True, run.EXIT_FAILED)])
def test_a_run_is_good_only_where_every_resource_is(broken: bool, code: int, tmp_path: pathlib.Path) -> None:
    write_images(tmp_path, broken=broken)
    board = Board(read_manifests([write_manifests(tmp_path, a_dataset())]).resources, tmp_path / "out")
    (tmp_path / "out").mkdir()
    assert run.run_board(board, open_display()) == code
    assert (tmp_path / "out" / "resources.yaml").exists()


def test_a_folder_stands_for_a_claim_and_nothing_beside_it_is_read(tmp_path: pathlib.Path) -> None:
    write_images(tmp_path)
    dataset = a_dataset(annotationFiles=["volume:train.json"], storage={"volumeClaim": "photos"})
    path = write_manifests(tmp_path / "manifests", dataset)
    volumes = {"photos": tmp_path / "data"}
    board = Board(read_manifests([path]).resources, tmp_path / "out", volumes=volumes)
    (tmp_path / "out").mkdir()
    assert run.run_board(board, open_display()) == run.EXIT_SUCCEEDED
    (tmp_path / "data" / "0.png").rename(tmp_path / "0.png")
    (tmp_path / "data" / "0.png").symlink_to("../0.png")
    board = Board(read_manifests([path]).resources, tmp_path / "out", volumes=volumes)
    assert run.run_board(board, open_display()) == run.EXIT_FAILED
    message = read_items(tmp_path / "out")["Dataset/fruit"]["status"]["message"]
    assert "image volume:0.png may not be read: a symbolic link on its way leads out of the claim" in message
