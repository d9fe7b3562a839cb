"""The chart's life: its own test, an upgrade, and an uninstall that leaves what users made. Runs last."""

from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import SYSTEM_NAMESPACE, status_of
from tests.cluster.scenarios.main_job import MODEL, MainJob
from tests.cluster.setup.installation import CHART, RELEASE, Installation

CRDS = ("datasets.darkroom.dev", "models.darkroom.dev", "evaluations.darkroom.dev", "predictions.darkroom.dev")


def test_helm_test_passes(installation: Installation) -> None:
    done = installation.helm("test", RELEASE, "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_upgrade_with_other_values_restarts_the_operator(installation: Installation) -> None:
    before = installation.wait_until_ready()["metadata"]["uid"]
    installation.install(graceSeconds=20)
    after = installation.wait_until_ready()["metadata"]["uid"]
    assert after != before
    installation.install(graceSeconds=20)
    assert installation.wait_until_ready()["metadata"]["uid"] == after


def test_an_unknown_value_is_refused_by_its_name(installation: Installation) -> None:
    done = installation.helm("upgrade", RELEASE, str(CHART), "--dry-run", "--set", "retries.forever=true")
    assert done.returncode != 0
    assert "forever" in done.stderr


def test_an_uninstall_keeps_crds_models_and_artifacts_and_a_new_install_finds_them(
    installation: Installation, connection: Connection, main_job: MainJob
) -> None:
    done = installation.helm("uninstall", RELEASE, "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stderr
    try:
        assert connection.find("Deployment", RELEASE, SYSTEM_NAMESPACE) is None
        assert connection.find("ClusterRoleBinding", RELEASE) is None
        assert all(connection.find("CustomResourceDefinition", name) for name in CRDS)
        assert connection.get("Model", MODEL, main_job.namespace) == main_job.model
    finally:
        installation.install()
    assert status_of(connection.get("Model", MODEL, main_job.namespace)) == status_of(main_job.model)
