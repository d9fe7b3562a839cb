"""A new Model: its manifests to copy into Git or, where the person may, to apply at once; and a new Prediction.

Owns what becomes of these forms. Must not decide what a spec may hold.
"""

import secrets

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_api.v1alpha1.common import Task
from darkroom_server.pages import screens
from darkroom_server.pages.content.wanted_model import (
    WantedModel,
    Written,
    build_prediction,
    read_wanted,
    write_manifests,
)
from darkroom_server.pages.screens import Visit
from darkroom_server.pages.session import ROOT
from darkroom_server.pages.sign_in import read_form
from darkroom_server.resources.addresses import place_files
from darkroom_server.routes import calls
from darkroom_server.routes.parts import Parts


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes."""
    path = f"{ROOT}/new"
    return [
        Route(path, screens.build_screen(parts, _ask), methods=["GET"]),
        Route(path, screens.build_screen(parts, _take, is_change=True), methods=["POST"]),
        Route(f"{ROOT}/predictions", screens.build_screen(parts, _predict, is_change=True), methods=["POST"]),
    ]


async def _ask(visit: Visit) -> Response:
    dataset = visit.request.query_params.get("dataset", "")
    return await _render(visit, WantedModel(dataset=dataset), Written())


async def _take(visit: Visit) -> Response:
    form = await read_form(visit.request)
    wanted = read_wanted(form)
    written = write_manifests(wanted)
    if written.problems or form.get("action") != "apply":
        return await _render(visit, wanted, written)
    await _apply(visit, wanted, written)
    return RedirectResponse(f"{ROOT}/models/{wanted.name}", 303)


async def _apply(visit: Visit, wanted: WantedModel, written: Written) -> None:
    """Create what was written, as far as it is not there; raises a Problem."""
    callers = [await visit.admit("create", manifest["kind"]) for manifest in written.manifests]
    if wanted.annotation_files:
        place_files(wanted.annotation_files, visit.parts.config.annotations, is_identity=False)
    for caller, manifest in zip(callers, written.manifests, strict=True):
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        with calls.explained(kind, name):
            await visit.parts.backend.create(kind, caller.namespace, manifest)


async def _predict(visit: Visit) -> Response:
    """Create a Prediction of the images of a Dataset that nobody has labelled."""
    caller = await visit.admit("create", "Prediction")
    form = await read_form(visit.request)
    manifest = build_prediction(form.get("model", ""), form.get("dataset", ""), secrets.token_hex(3))
    name = manifest["metadata"]["name"]
    with calls.explained("Prediction", name):
        await visit.parts.backend.create("Prediction", caller.namespace, manifest)
    return RedirectResponse(f"{ROOT}/predictions/{name}", 303)


async def _render(visit: Visit, wanted: WantedModel, written: Written) -> Response:
    datasets = [stored.name for stored in await visit.list_all("Dataset")]
    may_apply = await visit.may("create", "Model") and await visit.may("create", "Dataset")
    values = {"wanted": wanted, "written": written, "datasets": datasets, "tasks": list(Task), "may_apply": may_apply}
    return await visit.render("new.html", "Model", 400 if written.problems else 200, **values)
