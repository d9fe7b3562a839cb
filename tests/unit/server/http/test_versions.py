"""Versions: the four of the service, and a sentence for any other."""

import pytest

from darkroom_server.http import versions
from darkroom_server.http.problems import Problem


@pytest.mark.parametrize("version", ["2023-02-01-preview", "2023-04-01-preview", "2023-10-01", "2024-02-01"])
def test_each_version_of_the_service_is_taken(version: str) -> None:
    versions.check_version({"api-version": version})


@pytest.mark.parametrize(
    ("query", "code"),
    [({}, "MissingApiVersionParameter"), ({"api-version": "2022-07-31-preview"}, "UnsupportedApiVersion")],
)
def test_another_version_is_refused_with_those_that_are_known(query: dict[str, str], code: str) -> None:
    with pytest.raises(Problem, match="2024-02-01") as caught:
        versions.check_version(query)
    assert (caught.value.status, caught.value.code) == (400, code)
