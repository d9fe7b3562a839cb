"""What each failure is to a caller of the Computer Vision routes."""

import asyncio
from typing import Any

import pytest

from darkroom_server.app import build_app
from darkroom_server.auth.admission import Caller
from darkroom_server.backends.backend import BackendProblem, Kind, Refused, Stored, Unavailable
from darkroom_server.config import BodyLimits, FetchLimits, ServerConfig
from darkroom_server.http.problems import Problem
from darkroom_server.prediction import failures
from darkroom_server.routes.parts import build_parts
from darkroom_server.routes.predicting import explain, find_finished
from tests.support.server.fixtures import RED
from tests.support.server.images import ImageHost
from tests.support.server.parts import KEY, NAMESPACE, ModelFolders, some_parts
from tests.support.server.running import running, send


@pytest.mark.parametrize(
    ("failure", "status", "code", "inner"),
    [
        (failures.ModelMissing("a"), 404, "404", None),
        (failures.ModelUnfinished("a"), 409, "ModelNotReady", None),
        (failures.ModelUnfit("a"), 409, "ModelNotUsable", None),
        (failures.ImageUnfit("a", is_image=True), 400, "InvalidRequest", "InvalidImageSize"),
        (failures.ImageUnfit("a", is_image=False), 400, "InvalidRequest", "InvalidImageFormat"),
        (failures.UrlUnfit("a"), 400, "InvalidRequest", "InvalidImageUrl"),
        (failures.TooBusy("a", 7), 429, "TooManyRequests", None),
        (failures.ModelAway("a"), 503, "ServiceUnavailable", None),
    ],
)
def test_each_failure_has_a_status_and_a_code(failure: Any, status: int, code: str, inner: str | None) -> None:
    problem = explain(failure)
    assert (problem.status, problem.code, problem.inner_code, problem.message) == (status, code, inner, "a")


@pytest.mark.parametrize(("failure", "seconds"), [(failures.TooBusy("a", 7), 7), (failures.ModelAway("a"), 5)])
def test_who_may_come_again_is_told_after_how_long(failure: Any, seconds: int) -> None:
    assert explain(failure).retry_after_seconds == seconds


class FailingFolders(ModelFolders):
    """A back end that fails."""

    def __init__(self, problem: BackendProblem) -> None:
        super().__init__()
        self._problem = problem

    async def find(self, _kind: Kind, _namespace: str, _name: str) -> Stored | None:
        """Fail."""
        raise self._problem


def test_a_back_end_that_does_not_answer_is_503() -> None:
    backend = FailingFolders(Unavailable("the API server does not answer"))
    parts = build_parts(backend, some_parts().admission, ServerConfig())
    with pytest.raises(Problem, match="does not answer") as caught:
        asyncio.run(find_finished(parts, Caller(NAMESPACE, "x"), "fruit"))
    assert caught.value.status == 503


@pytest.mark.parametrize(
    ("problem", "status"), [(Unavailable("the API server is away"), 503), (Refused("spec.task: is not known"), 409)]
)
def test_no_route_fails_with_the_back_end(problem: BackendProblem, status: int) -> None:
    paths = (
        "/computervision/imageanalysis:analyze?api-version=2024-02-01&model-name=fruit",
        "/computervision/imageanalysis:analyze?api-version=2024-02-01&model-version=fruit",
        "/customvision/v3.0/prediction/p/classify/iterations/fruit/image",
        "/v2/models/fruit/infer",
    )
    with running(build_app(some_parts(FailingFolders(problem)))) as address:
        for path in paths:
            answer = send(address, path, b"x", {"Prediction-Key": KEY, "Content-Type": "image/png"})
            assert (path, answer.status) == (path, status)
            assert str(problem) in answer.body.decode()


def test_a_fetched_image_takes_room_as_a_sent_one_does(backend: ModelFolders, images: ImageHost) -> None:
    address = {"url": f"{images.url}/red.png"}
    path = "/computervision/imageanalysis:analyze?api-version=2024-02-01&model-name=classifier"
    for held_bytes, status in ((len(RED), 429), (len(RED) + 1000, 200)):
        fetching = FetchLimits(allowed_prefixes=(f"{images.url}/",))
        config = ServerConfig(BodyLimits(held_bytes=held_bytes), fetching=fetching)
        with running(build_app(some_parts(backend, config))) as server:
            for _ in range(3):
                assert send(server, path, address, {"Prediction-Key": KEY}).status == status
