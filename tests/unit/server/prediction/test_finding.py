"""Names of Models: REST names of any form, names of objects, digests; and which Models can answer."""

import asyncio

import pytest

from darkroom_api.conditions import Reason, RunPhase
from darkroom_server.backends.backend import Stored
from darkroom_server.prediction import finding
from darkroom_server.prediction.failures import ModelMissing, ModelUnfinished
from darkroom_server.resources.names import ANNOTATION_NAME, build_object_name
from tests.support.server.models import a_stored_model
from tests.support.server.parts import NAMESPACE, ModelFolders

DIGEST = f"sha256:{'a' * 64}"
REST_NAME = "My_Fruit.v2"


@pytest.fixture(scope="module")
def backend() -> ModelFolders:
    backend = ModelFolders()
    made = build_object_name(REST_NAME)
    for model in (
        a_stored_model("applied", digest=DIGEST),
        a_stored_model(made, annotations={ANNOTATION_NAME: REST_NAME}),
        a_stored_model("elsewhere", namespace="other", digest=f"sha256:{'b' * 64}"),
    ):
        backend.models[model.name] = model
    return backend


def _find(backend: ModelFolders, name: str) -> Stored:
    return asyncio.run(finding.find_model(backend, NAMESPACE, name))


@pytest.mark.parametrize(
    ("name", "found"), [("applied", "applied"), (REST_NAME, build_object_name(REST_NAME)), (DIGEST, "applied")]
)
def test_a_model_is_found_by_any_of_its_names(backend: ModelFolders, name: str, found: str) -> None:
    assert _find(backend, name).name == found


@pytest.mark.parametrize(
    "name",
    ["", "my_fruit.v2", "elsewhere", f"sha256:{'b' * 64}", "sha256:a", "../applied", "a/b", "x" * 256, "\ud800", "a\n"],
)
def test_any_other_name_is_missing(backend: ModelFolders, name: str) -> None:
    with pytest.raises(ModelMissing, match="there is no Model"):
        _find(backend, name)


def test_a_model_that_has_succeeded_can_answer() -> None:
    finding.check_finished(a_stored_model())


@pytest.mark.parametrize("phase", [phase for phase in RunPhase if phase is not RunPhase.SUCCEEDED])
def test_any_other_cannot_and_tells_its_phase(phase: RunPhase) -> None:
    with pytest.raises(ModelUnfinished, match=f"it is {phase.value}"):
        finding.check_finished(a_stored_model(phase=phase))
    told = rf"Model {REST_NAME} cannot answer, it is {phase.value} \(Suspended\): it said so"
    model = a_stored_model(
        build_object_name(REST_NAME), phase=phase, reason=Reason.SUSPENDED, annotations={ANNOTATION_NAME: REST_NAME}
    )
    with pytest.raises(ModelUnfinished, match=told):
        finding.check_finished(model)
