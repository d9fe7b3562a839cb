"""Resources by their REST names. The one module of this package that reads. Must not do: change anything."""

from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from darkroom_server.backends.backend import Backend, Kind, Stored
from darkroom_server.resources.names import find_rest_name, list_candidates


async def find_resource(backend: Backend, kind: Kind, namespace: str, name: str) -> Stored | None:
    """Return a Dataset or a Model by its REST name, None where there is none."""
    for candidate in list_candidates(name):
        found = await backend.find(kind, namespace, candidate)
        if found is not None and find_rest_name(found) == name:
            return found
    return None


async def find_evaluation(backend: Backend, model: Stored, name: str) -> Stored | None:
    """Return an Evaluation of a Model by its REST name, None where there is none."""
    for candidate in list_candidates(name, find_rest_name(model)):
        found = await backend.find("Evaluation", model.namespace, candidate)
        if found is not None and find_rest_name(found) == name and is_of(found, model):
            return found
    return None


async def list_evaluations(backend: Backend, model: Stored) -> list[Stored]:
    """Return the Evaluations of a Model, in no order."""
    return [found for found in await backend.list_all("Evaluation", model.namespace) if is_of(found, model)]


def is_of(evaluation: Stored, model: Stored) -> bool:
    """Return whether an Evaluation measures `model`."""
    return isinstance(evaluation.spec, EvaluationSpec) and evaluation.spec.model == model.name
