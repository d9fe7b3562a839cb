"""What the API server refuses before the operator sees it, with a message that names the field."""

import json
import pathlib
from collections.abc import Callable

import pytest
import yaml

from tests.bad_manifests import BAD_MANIFESTS, BadManifest
from tests.cluster import manifests
from tests.cluster.connection import Connection, Manifest, Refusal
from tests.cluster.installation import Installation

EXAMPLES = sorted((pathlib.Path(__file__).parents[2] / "examples").rglob("*.yaml"))
LOCAL_ONLY = "file:"


def test_the_table_of_bad_manifests_has_at_least_twenty_rows() -> None:
    assert len(BAD_MANIFESTS) >= 20


@pytest.mark.parametrize("bad", BAD_MANIFESTS, ids=lambda bad: bad.id)
def test_a_bad_manifest_is_refused_by_the_field_that_is_wrong(
    bad: BadManifest, installation: Installation, namespace: str
) -> None:
    manifest = {**bad.manifest, "metadata": {**bad.manifest["metadata"], "namespace": namespace}}
    done = installation.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", stdin=json.dumps(manifest))
    assert done.returncode != 0, f"accepted: {done.stdout}"
    assert bad.field in done.stderr


@pytest.fixture(scope="module")
def waiting_model(connection: Connection, namespace: str) -> Manifest:
    model = manifests.a_model("fixed", namespace, "no-such-dataset", evaluationDataset="no-such-either", seed=1)
    return connection.apply(model)


CHANGES: dict[str, Callable[[Manifest], object]] = {
    "task": lambda spec: spec.update(task="detector"),
    "dataset": lambda spec: spec.update(dataset="another"),
    "evaluationDataset": lambda spec: spec.update(evaluationDataset="another"),
    "evaluationDataset ": lambda spec: spec.pop("evaluationDataset"),
    "budget": lambda spec: spec.update(budget="2h"),
    "compute": lambda spec: spec.update(compute={"class": "cpu"}),
    "seed": lambda spec: spec.update(seed=2),
    "output": lambda spec: spec.update(output={"uri": "s3://elsewhere/models"}),
}


@pytest.mark.usefixtures("waiting_model")
@pytest.mark.parametrize("field", CHANGES)
def test_a_model_keeps_what_it_was_created_with(field: str, connection: Connection, namespace: str) -> None:
    changed = manifests.a_model("fixed", namespace, "no-such-dataset", evaluationDataset="no-such-either", seed=1)
    CHANGES[field](changed["spec"])
    with pytest.raises(Refusal, match=f"{field.strip()}: cannot change after creation"):
        connection.apply(changed)


def test_an_evaluation_keeps_what_it_was_created_with(connection: Connection, namespace: str) -> None:
    connection.apply(manifests.an_evaluation("fixed", namespace, "no-such-model", "no-such-dataset"))
    with pytest.raises(Refusal, match="model: cannot change after creation"):
        connection.apply(manifests.an_evaluation("fixed", namespace, "another", "no-such-dataset"))


@pytest.mark.parametrize(
    "change", [{"suspend": True}, {"cancel": True}, {"queue": "gpus"}, {"priorityClassName": "high"}]
)
def test_a_model_may_change_what_steers_its_run(change: Manifest, connection: Connection, namespace: str) -> None:
    name = f"steered-{next(iter(change)).lower()}"
    connection.apply(manifests.a_model(name, namespace, "no-such-dataset"))
    changed = connection.merge("Model", name, namespace, {"spec": change})
    assert changed["spec"].items() >= change.items()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_example_is_accepted(path: pathlib.Path, installation: Installation, namespace: str) -> None:
    documents = [document for document in yaml.safe_load_all(path.read_text()) if document]
    assert documents
    for document in documents:
        document["metadata"]["namespace"] = namespace
        done = installation.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(document))
        assert done.returncode == 0, done.stderr
