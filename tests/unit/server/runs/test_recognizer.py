"""One attempt at a run, and what a defect of the server becomes."""

import asyncio

import pytest

from darkroom_server.config import PredictionLimits, RunLimits
from darkroom_server.prediction.loaded import LoadedModels
from darkroom_server.runs import recognizer as recognizers
from darkroom_server.runs.recognizer import Recognizer
from tests.support.server.models import draw
from tests.support.server.parts import ModelFolders
from tests.support.server.runs import a_record

IMAGE = draw(("red", 0, 0))


def test_a_defect_ends_a_run_without_telling_what_it_was(
    backend: ModelFolders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the inside")

    monkeypatch.setattr(recognizers, "build_result", fail)
    recognizer = Recognizer(backend, LoadedModels(backend, PredictionLimits()), RunLimits())
    ending = asyncio.run(recognizer.answer(a_record(), IMAGE))
    assert ending is not None
    assert ending.error is not None
    assert (ending.status, ending.error.code) == (500, "internalServerError")
    assert "the inside" not in ending.error.message
    assert "the inside" in caplog.text
