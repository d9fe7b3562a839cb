"""`/computervision/productrecognition/{model}/runs`: PUT, GET, DELETE and the list.

Owns what these routes take and answer. Must not know where runs are kept, or who works on them.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.backends.backend import AlreadyThere, BackendProblem, NotOffered, NotThere, Stored
from darkroom_server.http import paging, uploads
from darkroom_server.http.problems import Problem, not_found
from darkroom_server.prediction.failures import PredictionFailure
from darkroom_server.prediction.looking import check_head
from darkroom_server.resources.names import check_name
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.predicting import explain
from darkroom_server.runs.answers import build_run
from darkroom_server.runs.store import RecordUnreadable

LOGGER: Final = logging.getLogger("darkroom_server.runs")
PATH: Final = f"{calls.BASE}/productrecognition/{{model}}/runs"


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of product-recognition runs."""
    routes = _RunRoutes(parts)
    one = f"{PATH}/{{name}}"
    return [
        Route(PATH, routes.list_page, methods=["GET"]),
        # A POST to the path of a run means PUT: so a page of the service shows it.
        Route(one, routes.put, methods=["PUT", "POST"]),
        Route(one, routes.get, methods=["GET"]),
        Route(one, routes.delete, methods=["DELETE"]),
    ]


class _RunRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._runs = parts.runs

    async def put(self, request: Request) -> Response:
        namespace = (await calls.admit(self._parts, request, "create", "Prediction")).namespace
        model, name = _read_names(request)
        began = time.monotonic()
        counted: tuple[str, str | None] = (namespace, None)
        try:
            with _explained(model, name):
                found = await self._find_model(namespace, model)
                counted = (found.namespace, found.name)
                if await self._runs.store.find(namespace, model, name) is not None:
                    raise AlreadyThere
                image = await self._read_image(request, namespace)
                asked = await self._runs.ask(namespace, model, name, image)
        except Problem as problem:
            # One that is taken is counted when it ends.
            self._parts.count_prediction(*counted, problem.status, time.monotonic() - began, 0)
            raise
        return JSONResponse(build_run(asked), 201)

    async def get(self, request: Request) -> Response:
        namespace = (await calls.admit(self._parts, request, "get", "Prediction")).namespace
        model, name = _read_names(request)
        with _explained(model, name):
            found = await self._runs.store.find(namespace, model, name)
            if found is None:
                raise NotThere
        return JSONResponse(build_run(found.record))

    async def delete(self, request: Request) -> Response:
        namespace = (await calls.admit(self._parts, request, "delete", "Prediction")).namespace
        model, name = _read_names(request)
        with _explained(model, name):
            try:
                found = await self._runs.store.find(namespace, model, name)
            except RecordUnreadable:
                await self._runs.store.delete_unreadable(namespace, model, name)
            else:
                if found is None:
                    raise NotThere
                await self._runs.forget(found.record)
        return Response(status_code=204)

    async def list_page(self, request: Request) -> Response:
        namespace = (await calls.admit(self._parts, request, "list", "Prediction")).namespace
        model, page = check_name(request.path_params["model"], "modelName"), calls.read_page(request)
        with _explained(model, ""):
            survey = await self._runs.store.survey(namespace)
            found = [record for record in survey.records if record.model == model]
            if not found:
                await self._find_model(namespace, model)
            found.sort(key=lambda record: (record.created_at, record.name), reverse=True)
            whole = await self._runs.store.complete(found[page.skip : page.skip + page.top])
        return JSONResponse(paging.build_list(request, page, found, lambda record: build_run(whole[record.name])))

    async def _find_model(self, namespace: str, model: str) -> Stored:
        return await self._parts.recognizer.find_model(namespace, model)

    async def _read_image(self, request: Request, namespace: str) -> bytes:
        """Return the image of a request, which is fetched here where it is an address.

        So no address is kept, which may hold a token, and a run can be taken up by a server that has not seen it.
        """
        upload = await uploads.read_upload(request, self._parts.config.bodies)
        image = upload.image
        if image is None:
            image = await self._parts.fetcher.fetch(namespace, str(upload.url))
        check_head(image)
        return image


def _read_names(request: Request) -> tuple[str, str]:
    """Return the names of a path."""
    model = check_name(request.path_params["model"], "modelName")
    return model, check_name(request.path_params["name"], "runName")


@contextlib.contextmanager
def _explained(model: str, name: str) -> Iterator[None]:
    """Turn what runs and predictions raise into the Problem of a route."""
    try:
        yield
    except PredictionFailure as failure:
        raise explain(failure, "modelName") from failure
    except NotOffered as problem:
        raise not_found(str(problem)) from problem
    except AlreadyThere as problem:
        message = f"there is a run {name} of Model {model} already; delete it first, or choose another name"
        raise Problem(409, "RunAlreadyExists", message, "runName") from problem
    except NotThere as problem:
        message = f"there is no run {name} of Model {model}; check both names, and which namespace the key is for"
        raise not_found(message, "runName") from problem
    except RecordUnreadable as problem:
        LOGGER.warning("the record of run %s of Model %s cannot be read: %s", name, model, problem)
        message = f"the record of run {name} of Model {model} is damaged ({problem}); delete the run, and ask again"
        raise Problem(500, "RunNotReadable", message, "runName") from problem
    except BackendProblem as problem:
        # It may name the server's own bucket.
        LOGGER.warning("runs cannot be kept or read: %s", problem)
        message = "runs cannot be kept or read now, the server's log says why; try again"
        raise Problem(503, "ServiceUnavailable", message, retry_after_seconds=calls.AWAY_SECONDS) from problem
