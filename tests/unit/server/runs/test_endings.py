"""Which failures end a run, by which word, and which are tried again."""

import pytest

from darkroom_server.prediction.failures import (
    ImageUnfit,
    ModelAway,
    ModelMissing,
    ModelUnfinished,
    ModelUnfit,
    PredictionFailure,
)
from darkroom_server.runs.endings import describe_failure


@pytest.mark.parametrize(
    ("failure", "ending"),
    [
        (ImageUnfit("the image is empty", is_image=False), ("invalidImage", 400)),
        (ModelMissing("gone"), ("modelNotFound", 404)),
        (ModelUnfinished("trains"), ("modelNotReady", 409)),
        (ModelUnfit("no model.onnx"), ("modelNotUsable", 409)),
        (ModelAway("try again"), None),
    ],
)
def test_each_failure_has_its_word_and_status(failure: PredictionFailure, ending: tuple[str, int] | None) -> None:
    found = describe_failure(failure)
    assert (found and (found[0].code, found[1])) == ending
    assert found is None or found[0].message == str(failure)
