"""Models whose files lie in a container of Azure, behind a cluster's back end: against Azurite."""

import asyncio
import logging
import pathlib

import pytest

from darkroom_server.config import PredictionLimits
from darkroom_server.prediction.failures import ModelAway
from darkroom_server.prediction.finding import find_model
from darkroom_server.prediction.loaded import LoadedModels
from darkroom_server.prediction.looking import look
from tests.secret_search import find_leaks
from tests.support.server.models import draw
from tests.support.server.parts import NAMESPACE
from tests.support.storage.azure_models import AzureModels
from tests.support.storage.azurite import Azurite

NAME = "fruit"


@pytest.fixture
def models(azurite: Azurite, tmp_path: pathlib.Path) -> AzureModels:
    models = AzureModels(azurite, tmp_path)
    models.publish(NAME, ("red", "green", "blue"))
    return models


async def ask(models: AzureModels, loaded: LoadedModels) -> str:
    """Return the tag that the Model of this name gives a red picture."""
    model = await find_model(models, NAMESPACE, NAME)
    seen = await loaded.compute("one", model, lambda predictor: look(predictor, draw(fill="red")))
    tag: str = seen.description.labels[seen.prediction.labels[0]]
    return tag


def test_a_model_answers_by_its_name_and_so_does_the_next_revision_in_another_folder(models: AzureModels) -> None:
    models.give_token(hours=1)

    async def ask_for_both() -> list[str]:
        loaded = LoadedModels(models, PredictionLimits())
        async with models.opened():
            first = await ask(models, loaded)
            models.publish(NAME, ("rot", "gruen", "blau"))
            return [first, await ask(models, loaded)]

    assert asyncio.run(ask_for_both()) == ["red", "rot"]


def test_a_token_that_expired_is_logged_with_its_time_and_a_new_one_answers_without_a_restart(
    models: AzureModels, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "darkroom_server")
    url = models.give_token(hours=-0.5)

    async def ask_before_and_after() -> str:
        loaded = LoadedModels(models, PredictionLimits())
        async with models.opened():
            with pytest.raises(ModelAway, match="Model fruit: its files cannot be read now: their storage does not op"):
                await ask(models, loaded)
            models.give_token(hours=1)
            return await ask(models, loaded)

    assert asyncio.run(ask_before_and_after()) == "red"
    assert "its token expired at 20" in caplog.text
    assert find_leaks((url.rpartition("sig=")[2],), {"log": caplog.text.encode()}) == {}
