"""From an API server's JSON to a Stored."""

from datetime import UTC, datetime
from typing import Any

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_server.backends.objects import UnreadableObject, read_object


def a_raw_model(*, generation: int = 1, version: str = "7", **changes: Any) -> dict[str, Any]:
    metadata = {
        "namespace": "vision",
        "name": "shelf",
        "uid": "u-1",
        "generation": generation,
        "resourceVersion": version,
        "creationTimestamp": "2026-01-02T03:04:05Z",
        **changes.pop("metadata", {}),
    }
    spec = {"task": "classifier", "dataset": "shelf", "budget": "1h", **changes.pop("spec", {})}
    return {"metadata": metadata, "spec": spec, **changes}


def test_an_object_becomes_its_spec_and_its_status() -> None:
    found = read_object("Model", a_raw_model(status={"phase": "Succeeded", "report": "s3://a/report.html"}))
    assert isinstance(found.spec, ModelSpec)
    assert isinstance(found.status, ModelStatus)
    assert (found.namespace, found.name, found.uid) == ("vision", "shelf", "u-1")
    assert found.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.status.phase is RunPhase.SUCCEEDED


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        (a_raw_model(version="8", status={"phase": "Training"}), True),
        (a_raw_model(metadata={"labels": {"team": "a"}}), True),
        (a_raw_model(generation=2), False),
        (a_raw_model(metadata={"annotations": {"darkroom.dev/note": "a"}}), False),
        (a_raw_model(metadata={"uid": "u-2"}), False),
    ],
    ids=["a status", "a label", "a spec", "an annotation", "another object of that name"],
)
def test_the_version_changes_with_what_a_caller_can_write(changed: dict[str, Any], is_same: bool) -> None:
    before = read_object("Model", a_raw_model()).version
    assert (read_object("Model", changed).version == before) is is_same


@pytest.mark.parametrize("status", [None, {"phase": 3, "report": 4}, "nothing"])
def test_a_status_that_cannot_be_read_counts_as_absent(status: Any) -> None:
    found = read_object("Model", a_raw_model(status=status))
    assert found.status == ModelStatus()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (a_raw_model(spec={"task": "poet"}), "Model vision/shelf: spec.task: .*older than the CRDs"),
        (a_raw_model(spec={"colour": "red"}), "spec.colour"),
        ({**a_raw_model(), "spec": None}, "Model vision/shelf: spec"),
    ],
)
def test_a_spec_that_cannot_be_read_is_named(raw: dict[str, Any], words: str) -> None:
    with pytest.raises(UnreadableObject, match=words):
        read_object("Model", raw)
