"""Loaded models: opened once, kept while there is room, and opened again when their files change."""

import asyncio
import pathlib
from collections.abc import Sequence

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_server.backends.backend import NotOpened, NotThere, Stored, Unavailable
from darkroom_server.config import PredictionLimits
from darkroom_server.prediction.failures import ModelAway, ModelUnfit
from darkroom_server.prediction.loaded import LOADING_AT_ONCE, LoadedModels
from darkroom_server.prediction.looking import look
from darkroom_storage.objects import NO_LIMIT_BYTES
from tests.support.server.models import a_stored_model, draw, inflate, publish
from tests.support.server.parts import ModelFolders


class CountingFolders(ModelFolders):
    """Counts how often files are fetched, and fails where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.failure: Exception | None = None
        self.at_once, self.most_at_once = 0, 0

    async def fetch_artifacts(
        self, stored: Stored, files: Sequence[str], folder: pathlib.Path, limit_bytes: int = NO_LIMIT_BYTES
    ) -> None:
        """Count, and copy."""
        self.fetched.append(stored.name)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if self.failure is not None:
            raise self.failure
        await super().fetch_artifacts(stored, files, folder, limit_bytes)


@pytest.fixture
def backend() -> CountingFolders:
    return CountingFolders()


def _room_for(models: float, size: int) -> PredictionLimits:
    return PredictionLimits(threads=1, memory_bytes=int(models * size))


async def _ask(loaded: LoadedModels, *models: Stored) -> list[str]:
    """Return the best tag that each model gives a red picture, one after the other."""
    tags = []
    for model in models:
        seen = await loaded.compute("one", model, lambda predictor: look(predictor, draw(fill="red")))
        tags.append(seen.description.labels[seen.prediction.labels[0]])
    return tags


def test_a_model_is_fetched_once_for_all_who_ask_at_the_same_time(
    backend: CountingFolders, tmp_path: pathlib.Path
) -> None:
    model = publish(backend, tmp_path, "fruit", Task.CLASSIFIER)

    async def ask_together() -> None:
        loaded = LoadedModels(backend, PredictionLimits())
        await asyncio.gather(*(_ask(loaded, model) for _ in range(5)))
        assert await _ask(loaded, model) == ["red"]

    asyncio.run(ask_together())
    assert backend.fetched == ["fruit"]


def test_of_many_models_only_some_are_loaded_at_once(backend: CountingFolders, tmp_path: pathlib.Path) -> None:
    models = [publish(backend, tmp_path, f"m{number}", Task.CLASSIFIER) for number in range(LOADING_AT_ONCE + 2)]

    async def ask_together() -> None:
        loaded = LoadedModels(backend, PredictionLimits())
        await asyncio.gather(*(_ask(loaded, model) for model in models))

    asyncio.run(ask_together())
    assert (backend.most_at_once, len(backend.fetched)) == (LOADING_AT_ONCE, len(models))


def test_who_goes_away_does_not_stop_the_loading_for_others(backend: CountingFolders, tmp_path: pathlib.Path) -> None:
    model = publish(backend, tmp_path, "fruit", Task.CLASSIFIER)

    async def ask_and_leave() -> list[str]:
        loaded = LoadedModels(backend, PredictionLimits())
        first = asyncio.create_task(_ask(loaded, model))
        second = asyncio.create_task(_ask(loaded, model))
        await asyncio.sleep(0.005)
        first.cancel()
        return await second

    assert asyncio.run(ask_and_leave()) == ["red"]
    assert backend.fetched == ["fruit"]


def test_the_least_recently_used_model_makes_room(backend: CountingFolders, tmp_path: pathlib.Path) -> None:
    a, b, c = (publish(backend, tmp_path, name, Task.CLASSIFIER) for name in "abc")
    size = (tmp_path / "a/model.onnx").stat().st_size

    async def ask_in_turn() -> LoadedModels:
        loaded = LoadedModels(backend, _room_for(2.5, size))
        await _ask(loaded, a, b, a, c, a, b)
        return loaded

    loaded = asyncio.run(ask_in_turn())
    assert backend.fetched == ["a", "b", "c", "b"]
    assert (loaded.num_loaded, loaded.loaded_bytes) == (2, 2 * size)


def test_a_model_without_room_is_refused_and_the_others_stay(backend: CountingFolders, tmp_path: pathlib.Path) -> None:
    small = publish(backend, tmp_path, "small", Task.CLASSIFIER)
    large = publish(backend, tmp_path, "large", Task.DETECTOR)
    size = (tmp_path / "small/model.onnx").stat().st_size

    async def ask_both() -> int:
        loaded = LoadedModels(backend, _room_for(1, size))
        await _ask(loaded, small)
        with pytest.raises(ModelUnfit, match="raise the limit"):
            await _ask(loaded, large)
        return loaded.num_loaded

    assert asyncio.run(ask_both()) == 1


def test_a_model_is_opened_again_when_its_digest_changes(backend: CountingFolders, tmp_path: pathlib.Path) -> None:
    async def ask_twice() -> tuple[list[str], int]:
        loaded = LoadedModels(backend, PredictionLimits())
        found = []
        for salt in ("", "-again"):
            model = publish(backend, tmp_path, "fruit", Task.CLASSIFIER, salt)
            found.append((await loaded.describe(model)).version)
        return found, loaded.num_loaded

    assert asyncio.run(ask_twice()) == (["v1", "v1-again"], 1)


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        pytest.param(NotThere("no such object"), ModelUnfit, id="files that are gone"),
        pytest.param(Unavailable("the bucket is away"), ModelAway, id="storage that does not answer"),
        pytest.param(NotOpened("its token expired"), ModelAway, id="storage that does not open"),
    ],
)
def test_files_that_cannot_be_had_are_asked_for_again_by_the_next_request(
    backend: CountingFolders, tmp_path: pathlib.Path, failure: Exception, raised: type[Exception]
) -> None:
    model = publish(backend, tmp_path, "fruit", Task.CLASSIFIER)

    async def ask_until_it_works() -> list[str]:
        loaded = LoadedModels(backend, PredictionLimits())
        backend.failure = failure
        with pytest.raises(raised, match="Model fruit"):
            await _ask(loaded, model)
        backend.failure = None
        return await _ask(loaded, model)

    assert asyncio.run(ask_until_it_works()) == ["red"]


def test_a_file_that_is_no_model_is_said_to_be_none(backend: CountingFolders, tmp_path: pathlib.Path) -> None:
    model = publish(backend, tmp_path, "fruit", Task.CLASSIFIER)
    (tmp_path / "fruit/model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelUnfit, match=r"its model\.onnx cannot be run"):
        asyncio.run(_ask(LoadedModels(backend, PredictionLimits()), model))


def test_a_forged_graph_that_asks_for_gigabytes_fails_and_the_next_model_answers(
    backend: CountingFolders, tmp_path: pathlib.Path
) -> None:
    sound = publish(backend, tmp_path, "sound", Task.CLASSIFIER)
    forged = publish(backend, tmp_path, "forged", Task.CLASSIFIER)
    inflate(tmp_path / "forged" / "model.onnx", 1 << 30)

    async def ask_both() -> list[str]:
        loaded = LoadedModels(backend, PredictionLimits(threads=1))
        for _ in range(2):
            with pytest.raises(ModelUnfit, match=r"Model forged: .* takes more memory than a model may"):
                await _ask(loaded, forged)
        return await _ask(loaded, sound)

    assert asyncio.run(ask_both()) == ["red"]


def test_a_model_without_artifacts_is_said_to_have_none() -> None:
    loaded = LoadedModels(ModelFolders(), PredictionLimits())
    with pytest.raises(ModelUnfit, match="names no artifacts"):
        asyncio.run(loaded.describe(a_stored_model(digest=None)))
