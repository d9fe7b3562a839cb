"""The Predictions of a namespace, and the review of one: a person accepts, rejects and corrects what a model proposed.

Owns these screens, and who may save. Must not know what a label means.
"""

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_server.backends.backend import Kind, Stored
from darkroom_server.http import bodies
from darkroom_server.http.problems import Problem
from darkroom_server.pages import rendering, screens
from darkroom_server.pages.content.cards import find_model_name, find_training_dataset
from darkroom_server.pages.content.retraining import describe_use
from darkroom_server.pages.published import send_picture
from darkroom_server.pages.review_files import REVIEWED, ReviewFiles
from darkroom_server.pages.screens import Visit
from darkroom_server.pages.session import ROOT
from darkroom_server.routes.parts import Parts


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes."""
    routes = _PredictionScreens(ReviewFiles(parts.backend))
    one = f"{ROOT}/predictions/{{name}}"
    return [
        Route(f"{ROOT}/predictions", screens.build_screen(parts, routes.show_all), methods=["GET"]),
        Route(one, screens.build_screen(parts, routes.show), methods=["GET"]),
        Route(f"{one}/review", screens.build_part(parts, routes.send_review), methods=["GET"]),
        Route(f"{one}/review", screens.build_part(parts, routes.save_review, is_change=True), methods=["PUT"]),
        Route(f"{one}/labels.json", screens.build_screen(parts, routes.send_labels), methods=["GET"]),
        Route(f"{one}/previews/{{file}}", screens.build_part(parts, routes.send_preview), methods=["GET"]),
    ]


class _PredictionScreens:
    def __init__(self, files: ReviewFiles) -> None:
        self._files = files

    async def show_all(self, visit: Visit) -> Response:
        part = screens.cut_page(visit.request, await visit.list_all("Prediction"))
        return await visit.render("predictions.html", "Prediction", part=part)

    async def show(self, visit: Visit) -> Response:
        stored = await visit.find("Prediction")
        model = await _find_seen(visit, "Model", find_model_name(stored))
        dataset = await _find_seen(visit, "Dataset", find_training_dataset(model))
        use = describe_use(stored, model, dataset, REVIEWED)
        may_save = await visit.may("patch", "Prediction")
        return await visit.render("prediction.html", "Prediction", found=stored, use=use, may_save=may_save)

    async def send_review(self, visit: Visit) -> Response:
        return _send(await self._files.describe(await visit.find("Prediction")))

    async def save_review(self, visit: Visit) -> Response:
        await visit.admit("patch", "Prediction")
        stored = await visit.find("Prediction")
        sent = await bodies.read_json(visit.request, visit.parts.config.bodies)
        return _send(await self._files.save(stored, sent.get("version"), sent.get("images")))

    async def send_labels(self, visit: Visit) -> Response:
        stored = await visit.find("Prediction")
        headers = rendering.build_headers(rendering.FILE_POLICY)
        headers["Content-Disposition"] = f'attachment; filename="{stored.name}-labels.json"'
        return Response(await self._files.build_accepted(stored), 200, headers, "application/json")

    async def send_preview(self, visit: Visit) -> Response:
        file = visit.request.path_params["file"]
        return send_picture(await self._files.read_preview(await visit.find("Prediction"), file))


async def _find_seen(visit: Visit, kind: Kind, name: str | None) -> Stored | None:
    """Return a resource, None where none is named, where the person may not see it, or where it is gone."""
    if name is None:
        return None
    try:
        return await visit.find(kind, name)
    except Problem as problem:
        if problem.status in (403, 404):
            return None
        raise


def _send(told: dict[str, object]) -> Response:
    return JSONResponse(told, headers=rendering.build_headers(rendering.FILE_POLICY))
