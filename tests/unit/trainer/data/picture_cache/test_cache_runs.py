"""A training that is stopped and resumed: the same model, to the last bit, with the cache of images as without it."""

import logging
import pathlib
import shutil
import threading

import pytest

from darkroom_api import conditions
from darkroom_api.run_config import PictureFolder
from darkroom_trainer.data import decoded, loading
from darkroom_trainer.data.picture_cache.cache import PictureCache
from darkroom_trainer.runtime.reporting import SilentReporter
from darkroom_trainer.training import fitting
from tests.local_storage import LOCAL
from tests.support.learning import StepClock
from tests.unit.trainer.tiny_runs import Bench, a_source

SCORED = "Measuring on held-out images"


def fill(bench: Bench, pictures: PictureFolder, size_px: int) -> None:
    """Leave the decoded images of the Model's dataset, as a run does that takes long to prepare them."""
    source, clock, work = a_source(bench.task, bench.file), StepClock(), bench.folder / "filling"
    cache = PictureCache(pictures, work, threading.Event(), clock)
    with cache.watch():
        clock.now += 60
    loaded = loading.load_dataset(source, work, SilentReporter())
    decoded.decode_images(loaded, size_px, work, SilentReporter())
    cache.keep([(source, loaded)], size_px)
    assert cache.writer is not None
    cache.writer.join()


@pytest.mark.slow
def test_a_resumed_training_is_the_same_with_the_cache_and_decodes_nothing(
    bench: Bench, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fitting, "REPORT_EVERY_SECONDS", 0.0)  # reports read the clock: each step has one
    plain, cached = bench._replace(folder=tmp_path / "plain"), bench._replace(folder=tmp_path / "cached")
    assert plain.run(1, stop_at="Training the hold-out model").reason is not conditions.Reason.SUCCEEDED
    shutil.copytree(plain.folder / "model", cached.folder / "model")
    (file,) = (plain.folder / "w1/decoded").glob("*.npy")
    pictures = PictureFolder(uri=(tmp_path / "pictures").as_uri(), storage=LOCAL, most_bytes=1 << 30)
    fill(bench, pictures, int(file.stem.rpartition("-")[2]))
    expected = plain.run(2, stop_at=SCORED)

    def refuse(*_arguments: object) -> None:
        raise AssertionError("an image was decoded")

    monkeypatch.setattr(decoded, "_decode_example", refuse)
    with caplog.at_level(logging.INFO):
        outcome = cached.run(2, stop_at=SCORED, pictures=pictures)
    assert "the 30 images of dataset train are in the cache" in caplog.text
    assert outcome == expected
    assert outcome.reason is conditions.Reason.RETRYING_AFTER_DISRUPTION
    newest = [one.list_manifests()[-1].with_suffix(".safetensors") for one in (plain, cached)]
    assert newest[0].name == newest[1].name > "00002", "of the second attempt"
    assert newest[0].read_bytes() == newest[1].read_bytes()
