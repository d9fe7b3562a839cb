"""The Model behind the name in a run's path."""

import asyncio

import pytest

from darkroom_server.config import RunLimits
from darkroom_server.prediction.failures import ModelMissing, ModelUnfinished, ModelUnfit, PredictionFailure
from darkroom_server.runs.product_models import BUILT_IN, find_product_model
from tests.support.server.parts import NAMESPACE, ModelFolders
from tests.support.server.runs import MODEL

BEHIND = RunLimits(built_in=(NAMESPACE, MODEL))


@pytest.mark.parametrize(
    ("namespace", "name", "limits"),
    [(NAMESPACE, MODEL, RunLimits()), (NAMESPACE, BUILT_IN, BEHIND), ("team-b", BUILT_IN, BEHIND)],
)
def test_a_model_is_found_by_its_name_and_the_administrators_by_the_built_in_one(
    namespace: str, name: str, limits: RunLimits, backend: ModelFolders
) -> None:
    found = asyncio.run(find_product_model(backend, namespace, name, limits))
    assert (found.namespace, found.name) == (NAMESPACE, MODEL)


@pytest.mark.parametrize(
    ("name", "limits", "failure", "said"),
    [
        pytest.param("nothing", RunLimits(), ModelMissing, "no Model 'nothing'", id="none"),
        pytest.param("elsewhere", RunLimits(), ModelMissing, "which namespace", id="another namespace's"),
        pytest.param("young", RunLimits(), ModelUnfit, "a run needs one of task", id="one of another task"),
        pytest.param("detector", RunLimits(), ModelUnfit, "has the task detector", id="a detector"),
        pytest.param("sown", RunLimits(), ModelUnfinished, "it is Training", id="one that trains"),
        pytest.param(BUILT_IN, RunLimits(), ModelMissing, "set server.runs.builtInModel", id="no built-in one"),
        pytest.param(
            BUILT_IN,
            RunLimits(built_in=("team-b", "gone")),
            ModelMissing,
            "Model team-b/gone",
            id="a wrong built-in one",
        ),
    ],
)
def test_what_cannot_answer_is_told_apart(
    name: str, limits: RunLimits, failure: type[PredictionFailure], said: str, backend: ModelFolders
) -> None:
    with pytest.raises(failure, match=said):
        asyncio.run(find_product_model(backend, NAMESPACE, name, limits))
