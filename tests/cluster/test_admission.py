"""What the API server refuses before the operator sees it, with a message that names the field."""

import json
import pathlib
import subprocess
from typing import Final

import pytest
import yaml

from tests.bad_manifests import BAD_MANIFESTS, BAD_UPDATES, GOOD_MANIFESTS, GOOD_UPDATES, BadManifest, Update
from tests.cluster.api.connection import Manifest
from tests.cluster.setup.installation import Installation

EXAMPLES: Final = sorted((pathlib.Path(__file__).parents[2] / "examples").rglob("*.yaml"))
OTHER_SYSTEMS: Final = "argocd"


def _apply(
    installation: Installation, namespace: str, manifest: Manifest, *options: str
) -> subprocess.CompletedProcess[str]:
    placed = {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
    command = ("apply", "--server-side", "--validate=strict", *options, "-f", "-")
    return installation.kubectl(*command, stdin=json.dumps(placed))


def _named(update: Update, manifest: Manifest, place: str) -> Manifest:
    """Return the manifest under a name of its own, so that no update meets what another one left."""
    name = f"{place}-{update.id}".lower().replace(" ", "-").replace("_", "-")
    return {**manifest, "metadata": {"name": "".join(c for c in name if c.isalnum() or c == "-").strip("-")[:60]}}


def test_the_table_of_bad_manifests_has_at_least_twenty_rows() -> None:
    assert len(BAD_MANIFESTS) >= 20


@pytest.mark.parametrize("bad", BAD_MANIFESTS, ids=lambda bad: bad.id)
def test_a_bad_manifest_is_refused_by_the_field_that_is_wrong(
    bad: BadManifest, installation: Installation, namespace: str
) -> None:
    done = _apply(installation, namespace, bad.manifest)
    assert done.returncode != 0, f"accepted: {done.stdout}"
    assert bad.field in done.stderr


@pytest.mark.parametrize("update", BAD_UPDATES, ids=lambda update: update.id)
def test_what_is_immutable_stays_as_it_was_created(update: Update, installation: Installation, namespace: str) -> None:
    created = _apply(installation, namespace, _named(update, update.manifest, "fixed"))
    assert created.returncode == 0, created.stderr
    changed = _apply(installation, namespace, _named(update, update.changed, "fixed"))
    assert changed.returncode != 0, f"accepted: {changed.stdout}"
    assert update.field in changed.stderr


@pytest.mark.parametrize("update", GOOD_UPDATES, ids=lambda update: update.id)
def test_what_steers_a_run_may_change(update: Update, installation: Installation, namespace: str) -> None:
    for manifest in (update.manifest, update.changed):
        done = _apply(installation, namespace, _named(update, manifest, "steered"))
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", range(len(GOOD_MANIFESTS)))
def test_a_good_manifest_is_accepted(number: int, installation: Installation, namespace: str) -> None:
    done = _apply(installation, namespace, GOOD_MANIFESTS[number], "--dry-run=server")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "path",
    [path for path in EXAMPLES if OTHER_SYSTEMS not in path.parts],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_an_example_is_accepted(path: pathlib.Path, installation: Installation, namespace: str) -> None:
    documents = [document for document in yaml.safe_load_all(path.read_text()) if document]
    assert documents
    for document in documents:
        done = _apply(installation, namespace, document, "--dry-run=server")
        assert done.returncode == 0, done.stderr
