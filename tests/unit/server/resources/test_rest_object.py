"""How a body becomes an object of the interface, and how a wrong one is explained."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from darkroom_server.http.problems import Problem
from darkroom_server.resources.dataset import DatasetRequest
from darkroom_server.resources.rest_object import format_moment, read_object

BODY = {"annotationkind": "imageClassification", "annotationfileuris": ["https://h/a"]}


def test_a_body_is_written_back_in_camel_case() -> None:
    found = read_object(DatasetRequest, BODY | {"unknown": 1})
    assert found.to_json() == {"annotationKind": "imageClassification", "annotationFileUris": ["https://h/a"]}


def test_the_first_wrong_field_is_named_as_clients_write_it_and_the_others_are_counted() -> None:
    with pytest.raises(Problem) as refused:
        read_object(DatasetRequest, {"annotationfileuris": [1, 2], "annotationkind": "poem"})
    assert refused.value.target == "annotationKind"
    assert refused.value.message.endswith("(2 more)")


def test_a_value_is_never_repeated() -> None:
    with pytest.raises(Problem) as refused:
        read_object(DatasetRequest, BODY | {"authentication": {"kind": "sas", "sastoken": ["sig=made-up"]}})
    assert "made-up" not in refused.value.message


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 5, 4, 12, 0, 0, 999, tzinfo=UTC), "2026-05-04T12:00:00.000Z"),
        (datetime(2026, 5, 4, 12, 0, 0, 7000, tzinfo=timezone(timedelta(hours=2))), "2026-05-04T10:00:00.007Z"),
    ],
)
def test_a_moment_is_told_in_utc_with_milliseconds(moment: datetime, text: str) -> None:
    assert format_moment(moment) == text
