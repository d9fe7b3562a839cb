"""The Datasets of a namespace, and one Dataset: its counts, what is wrong with it, and its pictures with their labels.

Owns what these screens show. Must not read an image itself: it shows what an inspection has made small.
"""

from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from darkroom_server.pages import screens
from darkroom_server.pages.content.cards import build_dataset_card
from darkroom_server.pages.label_files import LabelFiles
from darkroom_server.pages.published import MAX_REPORT_BYTES, send_picture, send_report
from darkroom_server.pages.screens import Visit
from darkroom_server.pages.session import ROOT
from darkroom_server.routes.parts import Parts

SAMPLES: Final = "samples.json"
REPORT: Final = "inspection.html"
PICTURES_A_PAGE: Final = 24


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes."""
    routes = _DatasetScreens(LabelFiles(parts.backend))
    one = f"{ROOT}/datasets/{{name}}"
    return [
        Route(f"{ROOT}/datasets", screens.build_screen(parts, routes.show_all), methods=["GET"]),
        Route(one, screens.build_screen(parts, routes.show), methods=["GET"]),
        Route(f"{one}/report", screens.build_screen(parts, routes.send_report), methods=["GET"]),
        Route(f"{one}/previews/{{file}}", screens.build_part(parts, routes.send_preview), methods=["GET"]),
    ]


class _DatasetScreens:
    def __init__(self, files: LabelFiles) -> None:
        self._files = files

    async def show_all(self, visit: Visit) -> Response:
        cards = [build_dataset_card(stored) for stored in await visit.list_all("Dataset")]
        return await visit.render("datasets.html", "Dataset", part=screens.cut_page(visit.request, cards))

    async def show(self, visit: Visit) -> Response:
        stored = await visit.find("Dataset")
        found = await self._files.find_labels(stored, SAMPLES)
        shown = [image for image in found[0].images if image.preview] if found is not None else []
        part = screens.cut_page(visit.request, shown, PICTURES_A_PAGE)
        return await visit.render("dataset.html", "Dataset", card=build_dataset_card(stored), part=part)

    async def send_report(self, visit: Visit) -> Response:
        stored = await visit.find("Dataset")
        return send_report((await self._files.read(stored, REPORT, MAX_REPORT_BYTES))[0])

    async def send_preview(self, visit: Visit) -> Response:
        file = visit.request.path_params["file"]
        return send_picture(await self._files.read_preview(await visit.find("Dataset"), file))
