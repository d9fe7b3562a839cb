"""Resources by their REST names. The one module of this package that reads. Must not do: change anything."""

from collections.abc import Callable, Sequence

from darkroom_api.v1alpha1.evaluation import EvaluationSpec
from darkroom_server.backends.backend import Backend, Kind, Stored, Unavailable
from darkroom_server.resources.names import find_rest_name, list_candidates


async def find_resource(backend: Backend, kind: Kind, namespace: str, name: str) -> Stored | None:
    """Return a Dataset or a Model by its REST name, None where there is none; raises Unavailable."""
    candidates = list_candidates(name)
    return await _find(backend, kind, namespace, candidates, lambda found: find_rest_name(found) == name)


async def find_evaluation(backend: Backend, model: Stored, name: str) -> Stored | None:
    """Return an Evaluation of a Model by its REST name, as `find_resource` does."""
    candidates = list_candidates(name, find_rest_name(model))
    return await _find(
        backend,
        "Evaluation",
        model.namespace,
        candidates,
        lambda found: find_rest_name(found) == name and is_of(found, model),
    )


async def _find(
    backend: Backend, kind: Kind, namespace: str, candidates: Sequence[str], is_meant: Callable[[Stored], bool]
) -> Stored | None:
    """Return the first candidate that is meant, also where another one could not be asked for."""
    away: Unavailable | None = None
    for candidate in candidates:
        try:
            found = await backend.find(kind, namespace, candidate)
        except Unavailable as problem:
            away = problem
            continue
        if found is not None and is_meant(found):
            return found
    if away is not None:
        raise away
    return None


async def list_evaluations(backend: Backend, model: Stored) -> list[Stored]:
    """Return the Evaluations of a Model, in no order."""
    return [found for found in await backend.list_all("Evaluation", model.namespace) if is_of(found, model)]


def is_of(evaluation: Stored, model: Stored) -> bool:
    """Return whether an Evaluation measures `model`."""
    return isinstance(evaluation.spec, EvaluationSpec) and evaluation.spec.model == model.name
