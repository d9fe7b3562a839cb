"""`/computervision/models`: PUT, GET, DELETE, the list, and `:cancel`.

Owns what these routes take and answer. Must not know where resources live.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.auth.admission import Caller
from darkroom_server.backends.backend import NotThere, Stored
from darkroom_server.http import bodies, paging
from darkroom_server.http.problems import Problem
from darkroom_server.resources import model as models
from darkroom_server.resources.lookup import find_resource, list_evaluations
from darkroom_server.resources.names import ANNOTATION_NAME, check_name
from darkroom_server.resources.rest_object import read_object
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts

PATH: Final = f"{calls.BASE}/models"


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of Models."""
    routes = _ModelRoutes(parts)
    one = f"{PATH}/{{name}}"
    return [
        Route(PATH, routes.list_page, methods=["GET"]),
        Route(f"{one}:cancel", routes.cancel, methods=["POST"]),
        Route(one, routes.put, methods=["PUT"]),
        Route(one, routes.get, methods=["GET"]),
        Route(one, routes.delete, methods=["DELETE"]),
    ]


class _ModelRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def put(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "create", "Model")
        name = check_name(request.path_params["name"], "modelName")
        wanted = read_object(models.ModelRequest, await bodies.read_json(request, self._parts.config.bodies))
        training, testing = wanted.training_parameters, wanted.evaluation_parameters
        dataset = await calls.find_dataset(
            self._parts, caller, training.training_dataset_name, "trainingParameters.trainingDatasetName"
        )
        test_dataset = None
        if testing is not None:
            field = "evaluationParameters.testDatasetName"
            test_dataset = await calls.find_dataset(self._parts, caller, testing.test_dataset_name, field)
        with calls.explained("Model", name):
            if await find_resource(self._parts.backend, "Model", caller.namespace, name) is not None:
                raise calls.build_taken("Model", name)
            manifest = models.build_manifest(name, wanted, dataset, test_dataset)
            created = await self._parts.backend.create("Model", caller.namespace, manifest)
        return JSONResponse(models.build_answer(created).to_json(), 201)

    async def get(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "get", "Model")
        found = await calls.find_named(self._parts, caller, "Model", request.path_params["name"])
        return JSONResponse(models.build_answer(found).to_json())

    async def cancel(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "patch", "Model")
        name = request.path_params["name"]
        found = await calls.find_named(self._parts, caller, "Model", name)
        if models.is_at_work(found):
            with calls.explained("Model", name):
                change = {"spec": {"cancel": True}}
                found = await self._parts.backend.patch("Model", caller.namespace, found.name, change)
        # With a body: clients decode it, and fail on an empty one.
        return JSONResponse(models.build_answer(found).to_json(), 202)

    async def delete(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "delete", "Model")
        name = request.path_params["name"]
        found = await calls.find_named(self._parts, caller, "Model", name)
        if models.is_at_work(found):
            state = models.find_state(found)
            message = f"Model {name} is {state}; cancel it, and delete it once it has ended"
            raise Problem(409, "ModelNotDeletable", message, "modelName")
        with calls.explained("Model", name):
            await self._delete_evaluations(caller, found)
            await self._parts.backend.delete("Model", caller.namespace, found.name)
        return Response(status_code=204)

    async def _delete_evaluations(self, caller: Caller, model: Stored) -> None:
        """Delete what came through this interface: below the path of a Model that is no more nobody finds it."""
        for evaluation in await list_evaluations(self._parts.backend, model):
            if ANNOTATION_NAME in evaluation.annotations:
                try:
                    await self._parts.backend.delete("Evaluation", caller.namespace, evaluation.name)
                except NotThere:
                    continue

    async def list_page(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "list", "Model")
        page = calls.read_page(request)
        with calls.explained("Model", ""):
            found = await self._parts.backend.list_all("Model", caller.namespace)
        items = calls.sort_newest_first(found)
        return JSONResponse(paging.build_list(request, page, items, lambda item: models.build_answer(item).to_json()))
