"""A training that has to begin anew has what earlier attempts left of its budget, and ends inside it."""

import json
import re
import shutil
from collections.abc import Callable, Iterator

import pytest

from darkroom_api import conditions, endings
from darkroom_trainer.checkpoints.sessions import Stage
from darkroom_trainer.training.fitting import STAGE_NAMES
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.tiny_runs import BUDGET_SECONDS, Bench, make_bench

TICK_SECONDS = 0.025
"""So short that reading the clock beside the steps does not use up the third of the budget that is left."""
FEW_TICKS = 10 * TICK_SECONDS
"""What a run may be late, on a clock that moves whenever it is read."""
AS_LEFT = "as-left"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, float]]:
    """Return a Model whose first attempt was stopped late, and what it kept. The patches last until the last test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_runs, "TICK_SECONDS", TICK_SECONDS)
        bench = make_bench(tmp_path_factory.mktemp("stopped") / "run", patch)
        ended = bench.run(1, stop_at=STAGE_NAMES[Stage.REFIT])
        assert ended.exit_code is endings.ExitCode.STOPPED, ended.message
        assert 4 < ended.meter.charged_seconds < 12
        shutil.copytree(bench.folder, bench.folder.with_name(AS_LEFT))
        yield bench, ended.meter.charged_seconds


@pytest.fixture
def kept(stopped: tuple[Bench, float]) -> float:
    """Return what the first attempt kept."""
    return stopped[1]


@pytest.fixture
def bench(stopped: tuple[Bench, float]) -> Bench:
    """Return the Model as its first attempt left it, at its place: the checkpoints belong to data at this address."""
    bench, _ = stopped
    shutil.rmtree(bench.folder)
    shutil.copytree(bench.folder.with_name(AS_LEFT), bench.folder)
    return bench


def change_data(bench: Bench) -> None:
    coco = json.loads(bench.file.read_text())
    bench.file.write_text(json.dumps({**coco, **{kind: coco[kind][:-1] for kind in ("images", "annotations")}}))


def damage(bench: Bench) -> None:
    for path in bench.list_manifests():
        path.with_suffix(".safetensors").write_bytes(b"")


def make_old(bench: Bench) -> None:
    for path in bench.list_manifests():
        path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))


def lose(bench: Bench) -> None:
    for path in bench.list_manifests():
        path.unlink()


HARMS = {
    "the Dataset has changed": (change_data, "belong to another revision of the data"),
    "every checkpoint is damaged": (damage, "are damaged"),
    "the checkpoints are of an older format": (make_old, "were written by a version that is too old"),
    "the checkpoints are gone": (lose, "are gone"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "why"), HARMS.values(), ids=HARMS.keys())
def test_a_new_start_gives_a_model_within_what_remains_where(
    bench: Bench, kept: float, harm: Callable[[Bench], None], why: str
) -> None:
    harm(bench)
    outcome, worked_seconds = bench.run_timed(2, charged_seconds=kept)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    left = re.search(
        rf"begun anew with (\d+)s of 15s, since the checkpoints of earlier attempts {why}", outcome.message
    )
    assert left is not None, outcome.message
    assert abs(int(left[1]) - (BUDGET_SECONDS - kept)) <= 0.5 + FEW_TICKS, "rounded, of a clock that moves when read"
    assert worked_seconds <= BUDGET_SECONDS - kept + FEW_TICKS
    assert kept < outcome.meter.charged_seconds <= BUDGET_SECONDS


@pytest.mark.slow
def test_where_what_remains_holds_no_training_the_run_ends_at_once_and_says_what_would_do(bench: Bench) -> None:
    change_data(bench)
    outcome, worked_seconds = bench.run_timed(2, charged_seconds=14.0)
    assert outcome.reason is conditions.Reason.BUDGET_NOT_ENOUGH, outcome.message
    assert outcome.message.startswith("the budget left to begin anew is not enough (1s of 15s, since"), outcome.message
    assert outcome.meter.charged_seconds == 14.0, "nothing was kept beyond what was charged before"
    assert worked_seconds < 5


@pytest.mark.slow
def test_a_checkpoint_that_cannot_be_used_tells_its_charge_where_the_last_attempt_crashed_and_told_none(
    bench: Bench, kept: float
) -> None:
    change_data(bench)
    outcome, worked_seconds = bench.run_timed(2, charged_seconds=0.0)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert worked_seconds <= BUDGET_SECONDS - kept + FEW_TICKS


@pytest.mark.slow
def test_where_only_the_newest_checkpoint_is_damaged_the_one_before_has_what_remains(bench: Bench, kept: float) -> None:
    *_, newest = bench.list_manifests()
    newest.with_suffix(".safetensors").write_bytes(b"")
    outcome, worked_seconds = bench.run_timed(2, charged_seconds=kept)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert "begun anew" not in outcome.message
    assert kept < outcome.meter.charged_seconds <= BUDGET_SECONDS
    assert worked_seconds <= BUDGET_SECONDS - kept + 5, "reading the data again is not charged"


@pytest.mark.slow
def test_a_cancelled_training_that_keeps_nothing_is_charged_nothing(bench: Bench, kept: float) -> None:
    damage(bench)
    outcome = bench.run(2, publish_only=True, charged_seconds=kept)
    assert outcome.reason is conditions.Reason.CANCELLED, outcome.message
    assert (outcome.artifacts, outcome.meter.charged_seconds) == (None, 0.0)
