"""The Evaluations of a namespace, one of them, and two side by side: two Models on the same Dataset.

Owns what these screens show. Must not compute a score.
"""

import asyncio
import json
from collections import defaultdict
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from darkroom_api.schema import read_record
from darkroom_api.v1alpha1.common import Performance
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.http import bodies
from darkroom_server.http.problems import Problem, bad_request
from darkroom_server.pages import screens
from darkroom_server.pages.content.comparison import compare
from darkroom_server.pages.published import MAX_REPORT_BYTES, PublishedFiles, send_report
from darkroom_server.pages.screens import Visit
from darkroom_server.pages.session import ROOT
from darkroom_server.routes.parts import Parts

REPORT: Final = "report.html"
METRICS: Final = "metrics.json"


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes."""
    routes = _EvaluationScreens(PublishedFiles(parts.backend))
    one = f"{ROOT}/evaluations/{{name}}"
    return [
        Route(f"{ROOT}/evaluations", screens.build_screen(parts, routes.show_all), methods=["GET"]),
        Route(f"{ROOT}/comparison", screens.build_screen(parts, routes.compare), methods=["GET"]),
        Route(one, screens.build_screen(parts, routes.show), methods=["GET"]),
        Route(f"{one}/report", screens.build_screen(parts, routes.send_report), methods=["GET"]),
    ]


class _EvaluationScreens:
    def __init__(self, files: PublishedFiles) -> None:
        self._files = files

    async def show_all(self, visit: Visit) -> Response:
        found = await visit.list_all("Evaluation")
        by_dataset: dict[str, list[Stored]] = defaultdict(list)
        for stored in found:
            assert isinstance(stored.spec, EvaluationSpec)
            by_dataset[stored.spec.dataset].append(stored)
        part = screens.cut_page(visit.request, list(by_dataset.items()))
        return await visit.render("evaluations.html", "Evaluation", part=part)

    async def show(self, visit: Visit) -> Response:
        return await visit.render("evaluation.html", "Evaluation", found=await visit.find("Evaluation"))

    async def send_report(self, visit: Visit) -> Response:
        return send_report(await self._files.read(await visit.find("Evaluation"), REPORT, MAX_REPORT_BYTES))

    async def compare(self, visit: Visit) -> Response:
        query = visit.request.query_params
        pair = [await visit.find("Evaluation", query.get(side, "")) for side in ("left", "right")]
        specs = [stored.spec for stored in pair if isinstance(stored.spec, EvaluationSpec)]
        if specs[0].dataset != specs[1].dataset:
            message = (
                f"they were measured on two Datasets, {specs[0].dataset} and {specs[1].dataset}; choose two of one"
            )
            raise bad_request(message, target="right")
        left, right = [await self._read_performance(stored) for stored in pair]
        return await visit.render(
            "comparison.html", "Evaluation", pair=pair, specs=specs, comparison=compare(left, right)
        )

    async def _read_performance(self, stored: Stored) -> Performance:
        """Return the scores of an Evaluation with those of its tags, which a status has no room for where many are."""
        status = stored.status
        assert isinstance(status, EvaluationStatus)
        if status.performance is None:
            raise Problem(409, "NotFinished", f"Evaluation {stored.name} has no scores: it is {status.phase.value}")
        if status.performance.tag_performance is not None or status.artifacts is None:
            return status.performance
        try:
            text = await self._files.read(stored, METRICS, MAX_REPORT_BYTES)
            bodies.check_collections(text)
            told = await asyncio.to_thread(json.loads, text)
            return read_record(Performance, told["performance"]) or status.performance
        except (ValueError, KeyError, TypeError, RecursionError, Problem):
            return status.performance  # without its tags: the file is gone, or not ours
