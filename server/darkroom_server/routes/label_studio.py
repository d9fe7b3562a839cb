"""Label Studio's backend protocol: one Model below `/labelstudio/{model}`, which answers tasks with predictions.

Owns the routes and what is left out of an answer. Label Studio shows no text of an error, so each reason is logged.
Must not train: what its Train button sends is taken and ignored.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.label_studio import LabelControl, build_prediction, read_labelling
from darkroom_server.auth.admission import Caller
from darkroom_server.backends.backend import Stored
from darkroom_server.http import bodies
from darkroom_server.http.problems import Problem, bad_request
from darkroom_server.prediction.looking import Seen
from darkroom_server.prediction.task_images import LabellingHost, LabellingHosts, ProjectKey, fetch_task_image
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.predicting import describe, find_finished, predict_image

LOGGER: Final = logging.getLogger("darkroom_server")
BASE: Final = "/labelstudio/{model}"
MAX_TASKS: Final = 10_000
MAX_LOGGED: Final = 20
"""Tasks of a request that cannot be answered: a caller decides how many there are."""
ANSWER_SECONDS: Final = 90.0
"""Label Studio waits for 100; it asks again for what was not answered."""
DESCRIBE_SECONDS: Final = 2.0
"""Label Studio waits for 3; a Model that is fetched from a bucket first may take longer."""
_PASSING: Final = (429, 503)
MULTILABEL_THRESHOLD: Final = 0.5
"""From which a tag counts, where an image may have any number of them and the Model has no threshold."""


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes.

    The health check needs no key, and the webhook none, to which Label Studio shows none: both tell nothing of a Model.
    """
    routes = _LabelStudioRoutes(parts)
    return [
        Route(f"{BASE}/health", routes.health, methods=["GET"]),
        Route(f"{BASE}/setup", routes.setup, methods=["POST"]),
        Route(f"{BASE}/predict", routes.predict, methods=["POST"]),
        Route(f"{BASE}/webhook", routes.webhook, methods=["POST"]),
        Route(f"{BASE}/versions", routes.versions, methods=["GET"]),
    ]


class _LabelStudioRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._hosts = LabellingHosts()

    async def health(self, _: Request) -> Response:
        """Answer at once."""
        return JSONResponse({"status": "UP"})

    async def versions(self, request: Request) -> Response:
        """Answer that there is nothing to choose from: the version is that of the Model's files."""
        await self._parts.admission.admit(request, "get", "Model")
        return JSONResponse({"versions": []})

    async def webhook(self, _: Request) -> Response:
        """Take every event of a project, and look at none."""
        return JSONResponse({"status": "ignored"})

    async def setup(self, request: Request) -> Response:
        """Bind a project to the Model: its labelling configuration must be of the Model's task."""
        caller, body = await self._read(request)
        with _logged(request, caller):
            model = await find_finished(self._parts, caller, request.path_params["model"])
            control = _read_control(body.get("schema"), model, "schema")
            self._hosts.remember(_name_project(caller, request, body), body.get("hostname"), body.get("access_token"))
            try:
                async with asyncio.timeout(DESCRIBE_SECONDS):
                    described = await describe(self._parts, model)
            except TimeoutError:
                return JSONResponse({"model_version": _find_version(model)})
            known = frozenset(control.tags)
            lacking = [tag for tag in described.labels if tag not in known]
            if lacking:
                LOGGER.warning(
                    "label studio: Model %s/%s: the label config lacks %d tags, which answers leave out: %.500r",
                    *(caller.namespace, model.name, len(lacking), lacking),
                )
            return JSONResponse(
                {"model_version": _find_version(model), "tags_left_out": len(lacking), "left_out": lacking[:100]}
            )

    async def predict(self, request: Request) -> Response:
        """Answer each task with a prediction, in order."""
        caller, body = await self._read(request)
        with _logged(request, caller):
            tasks = body.get("tasks")
            if not isinstance(tasks, list) or len(tasks) > MAX_TASKS:
                raise bad_request(f"tasks: give a list of at most {MAX_TASKS:,} tasks", target="tasks")
            model = await find_finished(self._parts, caller, request.path_params["model"])
            control = _read_control(body.get("label_config"), model, "label_config")
            await describe(self._parts, model)
            host = self._hosts.find(_name_project(caller, request, body))
            answering = _Answering(self._parts, caller, model, control, host)
            return JSONResponse({"results": await answering.answer_all(tasks)})

    async def _read(self, request: Request) -> tuple[Caller, dict[str, Any]]:
        caller = await self._parts.admission.admit(request, "get", "Model")
        return caller, await bodies.read_plain_json(request, self._parts.config.bodies)


@contextlib.contextmanager
def _logged(request: Request, caller: Caller) -> Iterator[None]:
    """Log why a request is refused: Label Studio tells its user that something is wrong, and not what."""
    try:
        yield
    except Problem as problem:
        action, model = request.url.path.rpartition("/")[2], request.path_params["model"]
        reason = f"{problem.status} {problem.message}"
        LOGGER.warning("label studio: %s of Model %s/%.80s: %.500r", action, caller.namespace, model, reason)
        raise


def _name_project(caller: Caller, request: Request, body: dict[str, Any]) -> ProjectKey:
    return caller.namespace, request.path_params["model"], str(body.get("project"))[:200]


def _find_version(model: Stored) -> str:
    """Return what changes with the Model's files: tasks that have a prediction of it are not asked again."""
    assert isinstance(model.status, ModelStatus)
    return (model.status.artifacts.digest if model.status.artifacts else None) or model.uid


def _read_control(xml: object, model: Stored, field: str) -> LabelControl:
    """Return what the labelling configuration asks for; raises the Problem of one that the Model cannot answer."""
    assert isinstance(model.spec, ModelSpec)
    try:
        control = read_labelling(xml if isinstance(xml, str) else "")
    except LabelsUnusable as problem:
        raise bad_request(f"{field}: {problem}", target=field) from problem
    if not control.fits(model.spec.task):
        wanted = "RectangleLabels" if model.spec.task.has_boxes else "Choices"
        raise bad_request(
            f"{field}: it asks for {control.kind.value}, and Model {model.name} is a {model.spec.task.value}; label "
            f"with {wanted}, or connect another Model",
            target=field,
        )
    # Of a Model that gives one tag an image, the others are what it thinks less likely.
    return dataclasses.replace(control, is_multiple=control.is_multiple and model.spec.task.is_multilabel)


@dataclass(frozen=True)
class _Answering:
    """One request's tasks, some at once."""

    parts: Parts
    caller: Caller
    model: Stored
    control: LabelControl
    host: LabellingHost | None
    told: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Numbers the tasks that are logged."""

    async def answer_all(self, tasks: Sequence[Any]) -> list[Any]:
        """Return an answer for each task, in order."""
        answers: list[Any] = [[] for _ in tasks]
        left = iter(enumerate(tasks))

        async def answer_next() -> None:
            for at, task in left:
                answers[at] = await self._answer(task)

        at_once = min(self.parts.config.fetching.at_once, len(tasks))
        try:
            async with asyncio.timeout(ANSWER_SECONDS), asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(answer_next())
        except TimeoutError:
            unanswered = sum(1 for answer in answers if answer == [])
            LOGGER.warning(
                "label studio: Model %s/%s: %d of %d tasks were not answered within %d seconds; ask for them again",
                *(self.caller.namespace, self.model.name, unanswered, len(tasks), ANSWER_SECONDS),
            )
        return answers

    async def _answer(self, task: Any) -> Any:
        """Return the prediction of a task: one without results where its image cannot be looked at.

        An empty list is for what may work later: Label Studio asks again for tasks without a prediction.
        """
        data = task.get("data") if isinstance(task, dict) else None
        address = data.get(self.control.data_key) if isinstance(data, dict) else None
        if self.host is None and isinstance(address, str) and address.startswith("/"):
            self._log(task, "its image is Label Studio's own, which has set nothing up since this server started")
            return []
        version = _find_version(self.model)
        try:
            _, seen = await predict_image(self.parts, self.caller, self.model, self._build_reader(address))
        except Problem as problem:
            self._log(task, problem.message)
            return [] if problem.status in _PASSING else {"result": [], "score": 0.0, "model_version": version}
        return self._build(seen, version)

    def _log(self, task: Any, why: str) -> None:
        if (told := next(self.told)) > MAX_LOGGED:
            return
        why = f"{why:.400}; further ones are not logged" if told == MAX_LOGGED else why
        number = task.get("id") if isinstance(task, dict) else None
        place = self.caller.namespace, self.model.name
        LOGGER.warning("label studio: Model %s/%s, task %.40r: %.500r", *place, number, why)

    def _build_reader(self, address: Any) -> Callable[[], Awaitable[tuple[bytes, int]]]:
        async def read_image() -> tuple[bytes, int]:
            parts = self.parts
            limit = parts.config.bodies.image_bytes
            image = await fetch_task_image(
                address, self.caller.namespace, self.host, parts.fetcher, parts.backend, limit
            )
            return image, len(image)

        return read_image

    def _build(self, seen: Seen, version: str) -> dict[str, Any]:
        described = seen.description
        threshold = described.threshold or (MULTILABEL_THRESHOLD if described.task.is_multilabel else 0.0)
        size_px = (seen.size.width, seen.size.height)
        return build_prediction(self.control, seen.prediction, described.labels, size_px, version, threshold)
