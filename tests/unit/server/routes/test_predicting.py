"""What each failure is to a caller of the Computer Vision routes."""

import asyncio
from typing import Any

import pytest

from darkroom_server.auth.admission import Caller
from darkroom_server.backends.backend import Kind, Stored, Unavailable
from darkroom_server.config import ServerConfig
from darkroom_server.http.problems import Problem
from darkroom_server.prediction import failures
from darkroom_server.routes.parts import build_parts
from darkroom_server.routes.predicting import describe, explain, find_finished
from tests.support.server.parts import NAMESPACE, ModelFolders, some_parts


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
        (Unavailable("a"), 503, "ServiceUnavailable", None),
    ],
)
def test_each_failure_has_a_status_and_a_code(failure: Any, status: int, code: str, inner: str | None) -> None:
    problem = explain(failure)
    assert (problem.status, problem.code, problem.inner_code, problem.message) == (status, code, inner, "a")


@pytest.mark.parametrize(("failure", "seconds"), [(failures.TooBusy("a", 7), 7), (failures.ModelAway("a"), 5)])
def test_who_may_come_again_is_told_after_how_long(failure: Any, seconds: int) -> None:
    assert explain(failure).retry_after_seconds == seconds


class AwayFolders(ModelFolders):
    """A back end that does not answer."""

    async def find(self, _kind: Kind, _namespace: str, _name: str) -> Stored | None:
        """Fail."""
        raise Unavailable("the API server does not answer")


def test_a_back_end_that_does_not_answer_is_503() -> None:
    parts = build_parts(AwayFolders(), some_parts().admission, ServerConfig())
    for ask in (find_finished, describe):
        with pytest.raises(Problem, match="does not answer") as caught:
            asyncio.run(ask(parts, Caller(NAMESPACE, "x"), "fruit"))
        assert caught.value.status == 503
