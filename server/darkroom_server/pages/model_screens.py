"""The Models of a namespace, and one Model: while it trains, its report, and what it says about a picture.

Owns what these screens show. Must not know how a Model answers.
"""

import json
import shlex
import urllib.parse
from typing import Final

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_predict.answers import build_answer
from darkroom_server.backends.backend import Kind, Stored
from darkroom_server.http import uploads
from darkroom_server.http.problems import Problem
from darkroom_server.pages import rendering, screens
from darkroom_server.pages.content.cards import ModelCard, build_model_card, find_model_name
from darkroom_server.pages.published import MAX_REPORT_BYTES, PublishedFiles, send_picture, send_report
from darkroom_server.pages.screens import Visit
from darkroom_server.pages.session import ROOT
from darkroom_server.routes import predicting
from darkroom_server.routes.parts import Parts

PICTURE: Final = "predictions.png"
REPORT: Final = "report.html"
USES: Final[tuple[Kind, ...]] = ("Evaluation", "Prediction")
NO_PICTURE: Final = f"{ROOT}/static/no-picture.svg"
"""A training whose budget ends too soon draws none."""


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes."""
    routes = _ModelScreens(PublishedFiles(parts.backend))
    one = f"{ROOT}/models/{{name}}"
    return [
        Route(f"{ROOT}/models", screens.build_screen(parts, routes.show_all), methods=["GET"]),
        Route(one, screens.build_screen(parts, routes.show), methods=["GET"]),
        Route(f"{one}/state", screens.build_part(parts, routes.show_state), methods=["GET"]),
        Route(f"{one}/picture", screens.build_part(parts, routes.send_picture), methods=["GET"]),
        Route(f"{one}/report", screens.build_screen(parts, routes.send_report), methods=["GET"]),
        Route(f"{one}/answers", screens.build_part(parts, routes.answer, is_change=True), methods=["POST"]),
    ]


class _ModelScreens:
    def __init__(self, files: PublishedFiles) -> None:
        self._files = files

    async def show_all(self, visit: Visit) -> Response:
        cards = [build_model_card(stored) for stored in await visit.list_all("Model")]
        part = screens.cut_page(visit.request, cards)
        return await visit.render("models.html", "Model", part=part)

    async def show(self, visit: Visit) -> Response:
        stored = await visit.find("Model")
        card = build_model_card(stored)
        caller = await visit.admit("get", "Model")
        base = str(visit.request.base_url).rstrip("/")
        related = [found for kind in USES if await visit.may("list", kind) for found in await _list_uses(visit, kind)]
        may_predict = await visit.may("create", "Prediction") and await visit.may("list", "Dataset")
        datasets = [found.name for found in await visit.list_all("Dataset")] if may_predict else []
        snippets = build_snippets(card, base, caller.namespace)
        return await visit.render(
            "model.html", "Model", card=card, snippets=snippets, related=related, datasets=datasets
        )

    async def show_state(self, visit: Visit) -> Response:
        card = build_model_card(await visit.find("Model"))
        return rendering.render_page("model-state.html", {"card": card})

    async def send_picture(self, visit: Visit) -> Response:
        stored = await visit.find("Model")
        try:
            return send_picture(await self._files.read_cover(stored, PICTURE))
        except Problem as problem:
            if problem.status != 404:
                raise
            return RedirectResponse(NO_PICTURE, 303)

    async def send_report(self, visit: Visit) -> Response:
        return send_report(await self._files.read(await visit.find("Model"), REPORT, MAX_REPORT_BYTES))

    async def answer(self, visit: Visit) -> Response:
        stored = await visit.find("Model")
        caller = await visit.admit("get", "Model")

        async def read_upload() -> uploads.Upload:
            limits = visit.parts.config.bodies
            return uploads.Upload(await uploads.read_image(visit.request, limits), None)

        _, seen = await predicting.predict(visit.parts, caller, stored, read_upload)
        described, size = seen.description, (seen.size.width, seen.size.height)
        answer = build_answer(described.task, seen.prediction, described.labels, size, described.version)
        return JSONResponse(answer, headers=rendering.build_headers(rendering.FILE_POLICY))


async def _list_uses(visit: Visit, kind: Kind) -> list[Stored]:
    """Return the resources of a kind that name the Model of the path."""
    return [stored for stored in await visit.list_all(kind) if find_model_name(stored) == visit.name]


def build_snippets(card: ModelCard, base: str, namespace: str) -> dict[str, str]:
    """Return how programs ask this Model, by language; a name in them is text, whatever it holds."""
    query = urllib.parse.urlencode({"api-version": "2023-04-01-preview", "model-name": card.title})
    url = f"{base}/computervision/imageanalysis:analyze?{query}"
    curl = (
        f'curl -fsS {shlex.quote(url)} \\\n  -H "Ocp-Apim-Subscription-Key: $KEY" \\\n'
        '  -H "Content-Type: application/octet-stream" --data-binary @photo.jpg'
    )
    python = (
        "import json\nimport os\nimport urllib.request\n\n"
        f"request = urllib.request.Request(\n    {json.dumps(url)},\n"
        '    data=open("photo.jpg", "rb").read(),\n    headers={\n'
        '        "Ocp-Apim-Subscription-Key": os.environ["KEY"],\n'
        '        "Content-Type": "application/octet-stream",\n    },\n)\n'
        "print(json.load(urllib.request.urlopen(request)))"
    )
    kubectl = f"kubectl get model {card.name} --namespace {namespace} --output yaml"
    return {"curl": curl, "Python": python, "kubectl": kubectl}
