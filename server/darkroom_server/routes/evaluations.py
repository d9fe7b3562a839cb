"""`/computervision/models/{model}/evaluations`: PUT, GET, DELETE and the list.

Owns what these routes take and answer. Must not know where resources live.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.auth.admission import Caller, Verb
from darkroom_server.backends.backend import Stored
from darkroom_server.http import bodies, paging
from darkroom_server.http.problems import Problem
from darkroom_server.resources import evaluation as evaluations
from darkroom_server.resources.lookup import find_evaluation, list_evaluations
from darkroom_server.resources.names import check_name
from darkroom_server.resources.rest_object import read_object
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts

PATH: Final = f"{calls.BASE}/models/{{model}}/evaluations"


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of Evaluations."""
    routes = _EvaluationRoutes(parts)
    one = f"{PATH}/{{name}}"
    return [
        Route(PATH, routes.list_page, methods=["GET"]),
        # A POST to the path of a run means PUT: so a page of the service shows it.
        Route(one, routes.put, methods=["PUT", "POST"]),
        Route(one, routes.get, methods=["GET"]),
        Route(one, routes.delete, methods=["DELETE"]),
    ]


class _EvaluationRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def put(self, request: Request) -> Response:
        caller, model = await self._enter(request, "create")
        name = check_name(request.path_params["name"], "evaluationName")
        body = await bodies.read_json(request, self._parts.config.bodies)
        asked = read_object(evaluations.EvaluationRequest, body).evaluation_parameters
        field = "evaluationParameters.testDatasetName"
        dataset = await calls.find_dataset(self._parts, caller, asked.test_dataset_name, field)
        with calls.explained("Evaluation", name):
            if await find_evaluation(self._parts.backend, model, name) is not None:
                raise calls.build_taken("Evaluation", name)
            manifest = evaluations.build_manifest(name, model, dataset)
            created = await self._parts.backend.create("Evaluation", caller.namespace, manifest)
        return JSONResponse(evaluations.build_answer(created, model).to_json(), 201)

    async def get(self, request: Request) -> Response:
        _, model = await self._enter(request, "get")
        found = await self._find(model, request.path_params["name"])
        return JSONResponse(evaluations.build_answer(found, model).to_json())

    async def delete(self, request: Request) -> Response:
        caller, model = await self._enter(request, "delete")
        name = request.path_params["name"]
        found = await self._find(model, name)
        state = evaluations.find_state(found)
        if state in (evaluations.EvaluationState.NOT_STARTED, evaluations.EvaluationState.RUNNING):
            message = f"Evaluation {name} is {state}; delete it once it has ended"
            raise Problem(409, "EvaluationNotDeletable", message, "evaluationName")
        with calls.explained("Evaluation", name):
            await self._parts.backend.delete("Evaluation", caller.namespace, found.name)
        return Response(status_code=204)

    async def list_page(self, request: Request) -> Response:
        _, model = await self._enter(request, "list")
        page = calls.read_page(request)
        with calls.explained("Evaluation", ""):
            items = calls.sort_newest_first(await list_evaluations(self._parts.backend, model))
        return JSONResponse(
            paging.build_list(request, page, items, lambda item: evaluations.build_answer(item, model).to_json())
        )

    async def _enter(self, request: Request, verb: Verb) -> tuple[Caller, Stored]:
        """Return who calls, and the Model of the path."""
        caller = await calls.admit(self._parts, request, verb, "Evaluation")
        return caller, await calls.find_named(self._parts, caller, "Model", request.path_params["model"])

    async def _find(self, model: Stored, name: str) -> Stored:
        with calls.explained("Evaluation", name):
            found = await find_evaluation(self._parts.backend, model, check_name(name, "evaluationName"))
        if found is None:
            raise calls.build_missing("Evaluation", name)
        return found
