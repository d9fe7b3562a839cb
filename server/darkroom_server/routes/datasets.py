"""`/computervision/datasets`: PUT, GET, PATCH, DELETE and the list.

Owns what these routes take and answer. Must not know where resources live.
"""

import contextlib
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.auth.admission import Caller
from darkroom_server.backends.backend import Changed, Stored
from darkroom_server.http import bodies, paging
from darkroom_server.http.problems import bad_request
from darkroom_server.resources import dataset as datasets
from darkroom_server.resources.addresses import Placed, build_container_url, place_files
from darkroom_server.resources.lookup import find_resource
from darkroom_server.resources.names import check_name
from darkroom_server.resources.rest_object import read_object
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts

PATH: Final = f"{calls.BASE}/datasets"
PATCH_TRIES: Final = 5
"""Where others change the Dataset meanwhile, and the caller has not asked for a version."""


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of Datasets."""
    routes = _DatasetRoutes(parts)
    one = f"{PATH}/{{name}}"
    return [
        Route(PATH, routes.list_page, methods=["GET"]),
        Route(one, routes.put, methods=["PUT"]),
        Route(one, routes.get, methods=["GET"]),
        Route(one, routes.patch, methods=["PATCH"]),
        Route(one, routes.delete, methods=["DELETE"]),
    ]


class _DatasetRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def put(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "create", "Dataset")
        name = check_name(request.path_params["name"], "datasetName")
        wanted = read_object(datasets.DatasetRequest, await bodies.read_json(request, self._parts.config.bodies))
        placed = self._place(wanted)
        with calls.explained("Dataset", name):
            if await find_resource(self._parts.backend, "Dataset", caller.namespace, name) is not None:
                raise calls.build_taken("Dataset", name)
            secret = await self._keep_token(caller, name, wanted, placed)
            manifest = datasets.build_manifest(name, wanted, placed, secret)
            created = await self._parts.backend.create("Dataset", caller.namespace, manifest)
        return JSONResponse(datasets.build_answer(created).to_json(), 201)

    async def get(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "get", "Dataset")
        found = await calls.find_named(self._parts, caller, "Dataset", request.path_params["name"])
        return JSONResponse(datasets.build_answer(found).to_json())

    async def patch(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "patch", "Dataset")
        name = request.path_params["name"]
        patch = read_object(datasets.DatasetPatch, await bodies.read_json(request, self._parts.config.bodies))
        for _ in range(PATCH_TRIES):
            found = await calls.find_named(self._parts, caller, "Dataset", name)
            self._check_condition(request, found, name)
            with contextlib.suppress(Changed):
                patched = await self._patch(caller, name, found, patch)
                return JSONResponse(datasets.build_answer(patched).to_json())
        raise calls.build_stale("Dataset", name)

    async def _patch(self, caller: Caller, name: str, found: Stored, patch: datasets.DatasetPatch) -> Stored:
        """Return the changed Dataset; raises Changed where another call was faster."""
        wanted, placed, secret = datasets.merge(found, patch), None, None
        with calls.explained("Dataset", name, passing=Changed):
            if patch.annotation_file_uris is not None or patch.authentication is not None:
                placed = self._place(wanted)
                secret = await self._keep_token(caller, name, wanted, placed, datasets.find_secret(found))
            has_new_files = patch.annotation_file_uris is not None
            change = datasets.build_change(wanted, placed, secret, datetime.now(UTC), has_new_files=has_new_files)
            return await self._parts.backend.patch("Dataset", caller.namespace, found.name, change, found.version)

    async def delete(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "delete", "Dataset")
        name = request.path_params["name"]
        found = await calls.find_named(self._parts, caller, "Dataset", name)
        self._check_condition(request, found, name)
        with calls.explained("Dataset", name):
            version = found.version if calls.read_condition(request) is not None else None
            await self._parts.backend.delete("Dataset", caller.namespace, found.name, version)
        return Response(status_code=204)

    async def list_page(self, request: Request) -> Response:
        caller = await calls.admit(self._parts, request, "list", "Dataset")
        page = calls.read_page(request)
        with calls.explained("Dataset", ""):
            found = await self._parts.backend.list_all("Dataset", caller.namespace)
        items = calls.sort_newest_first(found)
        return JSONResponse(paging.build_list(request, page, items, lambda item: datasets.build_answer(item).to_json()))

    def _place(self, wanted: datasets.DatasetPatch) -> Placed:
        kind = wanted.authentication.kind if wanted.authentication is not None else None
        is_identity = kind is datasets.AuthenticationKind.MANAGED_IDENTITY
        return place_files(wanted.annotation_file_uris or [], self._parts.config.annotations, is_identity=is_identity)

    async def _keep_token(
        self, caller: Caller, name: str, wanted: datasets.DatasetPatch, placed: Placed, kept: str | None = None
    ) -> str | None:
        """Return the Secret with the token of a Dataset of kind `sas`; `kept` has the one that it came with before."""
        authentication = wanted.authentication
        if authentication is None or authentication.kind is not datasets.AuthenticationKind.SAS:
            return None
        if authentication.sas_token is None:
            if kept is not None:
                return kept
            field = "authentication.sasToken"
            raise bad_request(f"{field}: is missing; add the query of a signed address", target=field)
        url = build_container_url(placed.files, authentication.sas_token)
        return await self._parts.backend.keep_token(caller.namespace, name, url)

    def _check_condition(self, request: Request, found: Stored, name: str) -> None:
        wanted = calls.read_condition(request)
        if wanted is not None and wanted != found.version:
            raise calls.build_stale("Dataset", name)
