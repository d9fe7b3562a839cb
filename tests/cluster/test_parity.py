"""The same manifests without a cluster: `darkroom run` writes the same status."""

import pathlib
from typing import Any, Final

import pytest
import yaml

from tests.cluster.api.connection import Manifest
from tests.cluster.api.waiting import status_of
from tests.cluster.host.commands import run_darkroom
from tests.cluster.scenarios.main_job import MainJob, build_local_manifests

CLUSTER_ONLY: Final = {
    "attempts[].jobUid": "a run in process has no Job",
    "attempts[].podUid": "a run in process has no pod",
    **{
        f"allocation.{field}": "a run in process takes the machine as it is"
        for field in ("class", "devices", "milliRate", "deadlineSeconds", "node")
    },
}
"""Fields that only a cluster can know, each with the reason."""


def list_fields(value: Any, path: str = "") -> set[str]:
    """Return the paths of all fields in a status; what a user's own tags are called does not count."""
    if isinstance(value, dict):
        by_tag = path.endswith("tagPerformance")
        return {
            field
            for key, inner in value.items()
            for field in list_fields(inner, f"{path}.{'*' if by_tag else key}".lstrip("."))
        }
    if isinstance(value, list) and value:
        return {field for inner in value for field in list_fields(inner, f"{path}[]")}
    return {path}


@pytest.fixture(scope="module")
def local_run(digits: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Manifest]:
    """Return the resources of a run without a cluster, by kind and name."""
    folder, output = tmp_path_factory.mktemp("manifests"), tmp_path_factory.mktemp("output")
    (folder / "all.yaml").write_text(yaml.safe_dump_all(build_local_manifests(digits)))
    run_darkroom("run", "-f", folder, "--output", output)
    return {(item["kind"], item["metadata"]["name"]): item for item in _read(output / "resources.yaml")}


def _read(path: pathlib.Path) -> list[Manifest]:
    documents = [document for document in yaml.safe_load_all(path.read_text()) if document]
    return [item for document in documents for item in document.get("items", [document])]


@pytest.mark.parametrize("kind", ["dataset", "model", "evaluation"])
def test_a_local_run_writes_the_status_fields_of_the_cluster(
    kind: str, main_job: MainJob, local_run: dict[tuple[str, str], Manifest]
) -> None:
    on_cluster: Manifest = getattr(main_job, kind)
    here = local_run[kind.capitalize(), on_cluster["metadata"]["name"]]
    assert list_fields(status_of(here)) == list_fields(status_of(on_cluster)) - set(CLUSTER_ONLY)


@pytest.mark.parametrize("kind", ["dataset", "model", "evaluation"])
def test_a_local_run_ends_in_the_same_phase_reason_and_conditions(
    kind: str, main_job: MainJob, local_run: dict[tuple[str, str], Manifest]
) -> None:
    on_cluster: Manifest = getattr(main_job, kind)
    here = local_run[kind.capitalize(), on_cluster["metadata"]["name"]]
    assert _summarize(here) == _summarize(on_cluster)


def _summarize(item: Manifest) -> tuple[str, str, list[tuple[str, str, str]]]:
    status = status_of(item)
    conditions = sorted((c["type"], c["status"], c["reason"]) for c in status["conditions"])
    return status["phase"], status["reason"], conditions
