"""What the routes of resources make of a back end's refusals, and of `If-Match`."""

import pytest

from darkroom_server.backends import backend
from darkroom_server.http.problems import Problem
from darkroom_server.routes import calls
from tests.support.server.requests import a_request

REFUSALS: dict[type[backend.BackendProblem], tuple[int, str]] = {
    backend.AlreadyThere: (409, "ModelAlreadyExists"),
    backend.NotThere: (404, "404"),
    backend.Changed: (412, "PreconditionFailed"),
    backend.Refused: (400, "InvalidRequest"),
    backend.Unavailable: (503, "ServiceUnavailable"),
}


@pytest.mark.parametrize(("refusal", "answer"), REFUSALS.items(), ids=[kind.__name__ for kind in REFUSALS])
def test_each_refusal_of_a_back_end_has_its_status(
    refusal: type[backend.BackendProblem], answer: tuple[int, str]
) -> None:
    with pytest.raises(Problem) as told, calls.explained("Model", "sorter"):
        raise refusal("the disk is full")
    assert (told.value.status, told.value.code) == answer
    assert (told.value.retry_after_seconds is not None) is (answer[0] == 503)


def test_a_refusal_that_its_caller_knows_how_to_meet_passes() -> None:
    with pytest.raises(backend.Changed), calls.explained("Model", "sorter", passing=backend.Changed):
        raise backend.Changed("meanwhile")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [(None, None), ("*", None), ("", None), ("abc", "abc"), ('"abc"', "abc"), (' W/"abc" ', "abc")],
)
def test_if_match_is_read_with_and_without_quotes(header: str | None, wanted: str | None) -> None:
    headers = {"If-Match": header} if header is not None else {}
    assert calls.read_condition(a_request(headers=headers)) == wanted
