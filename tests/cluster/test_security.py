"""What operator and trainers may do: as little as their work needs."""

import json
import pathlib

import pytest

from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.manifests import RESTRICTED
from tests.cluster.api.waiting import SYSTEM_NAMESPACE
from tests.cluster.scenarios import planted
from tests.cluster.scenarios.main_job import MainJob
from tests.cluster.scenarios.runs import Runs
from tests.cluster.setup.installation import RELEASE, Installation
from tests.cluster.storage.bucket import Bucket
from tests.secret_search import find_leaks

OPERATOR = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{RELEASE}"
TOKEN_FOLDER = "/var/run/secrets/kubernetes.io"  # noqa: S105 - where a token would be


def test_the_pods_ran_in_namespaces_that_enforce_the_restricted_level(
    connection: Connection, installation: Installation, main_job: MainJob
) -> None:
    operator = installation.wait_until_ready()
    places = {operator["metadata"]["namespace"], main_job.trainer_pod["metadata"]["namespace"]}
    assert places == {SYSTEM_NAMESPACE, main_job.namespace}
    for name in places:
        assert connection.get("Namespace", name)["metadata"]["labels"].items() >= RESTRICTED.items()


def test_the_restricted_level_is_really_enforced(installation: Installation, main_job: MainJob) -> None:
    container = {"name": "root", "image": "localhost/nothing", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": {"containers": [container]}}
    done = installation.kubectl("apply", "--dry-run=server", "-n", main_job.namespace, "-f", "-", stdin=json.dumps(pod))
    assert done.returncode != 0
    assert "violates PodSecurity" in done.stderr


def _permissions(installation: Installation, namespace: str) -> list[list[str]]:
    done = installation.kubectl("auth", "can-i", "--list", f"--as={OPERATOR}", "-n", namespace, "--no-headers")
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines() if line.strip()]


def test_the_operator_has_no_verb_on_secrets_and_no_wildcard(installation: Installation, main_job: MainJob) -> None:
    for namespace in (main_job.namespace, SYSTEM_NAMESPACE, "kube-system"):
        rows = _permissions(installation, namespace)
        resources = [row for row in rows if not row[0].startswith("[")]  # the others are URLs, such as /version
        assert any(row[0].startswith("models.darkroom.dev") for row in resources)
        assert [row for row in resources if "secrets" in row[0] or "*" in " ".join(row)] == []
        assert {row[-1] for row in rows if row not in resources} <= {"[get]"}


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        *((verb, "secrets") for verb in ("get", "list", "watch", "create", "update", "patch", "delete")),
        *(("create", resource) for resource in ("pods", "pods/exec", "pods/attach", "serviceaccounts/token")),
        *(("update", f"{kind}.darkroom.dev") for kind in ("datasets", "models", "evaluations", "predictions")),
        ("get", "pods/log"),
        ("delete", "networkpolicies"),
        ("update", "networkpolicies"),
        ("patch", "networkpolicies/of-somebody-else"),
        ("create", "clusterrolebindings"),
    ],
)
def test_the_operator_may_not(verb: str, resource: str, installation: Installation, main_job: MainJob) -> None:
    done = installation.kubectl("auth", "can-i", verb, resource, f"--as={OPERATOR}", "-n", main_job.namespace)
    assert done.stdout.strip() == "no"


def _list_token_volumes(pod: Manifest) -> list[str]:
    projected = [volume for volume in pod["spec"].get("volumes", []) if "projected" in volume]
    return [v["name"] for v in projected if any("serviceAccountToken" in s for s in v["projected"]["sources"])]


def test_a_trainer_pod_holds_no_token(main_job: MainJob) -> None:
    pod = main_job.trainer_pod
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert _list_token_volumes(pod) == []
    mounts = [mount["mountPath"] for container in pod["spec"]["containers"] for mount in container["volumeMounts"]]
    assert [mount for mount in mounts if mount.startswith(TOKEN_FOLDER)] == []
    assert TOKEN_FOLDER not in main_job.trainer_mounts


def test_a_trainer_and_the_operator_cannot_write_to_their_root(installation: Installation, main_job: MainJob) -> None:
    for pod in (main_job.trainer_pod, installation.wait_until_ready()):
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    root = next(line for line in main_job.trainer_mounts.splitlines() if line.split()[4] == "/")
    assert "ro" in root.split()[5].split(",")


def test_keys_reach_a_trainer_as_files_never_as_variables(main_job: MainJob) -> None:
    for container in main_job.trainer_pod["spec"]["containers"]:
        assert "envFrom" not in container
        sources = [entry.get("valueFrom", {}) for entry in container.get("env", [])]
        assert [source for source in sources if "secretKeyRef" in source] == []
    assert any("secret" in volume or "projected" in volume for volume in main_job.trainer_pod["spec"]["volumes"])


@pytest.mark.timeout(900, func_only=True)
def test_nothing_that_runs_leave_holds_a_key_or_a_token_or_a_signed_header(
    connection: Connection,
    bucket: Bucket,
    namespace: str,
    installation: Installation,
    digits: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    runs = Runs(connection, bucket, namespace)
    with planted.plant(runs, installation, digits, tmp_path) as given:
        planted.run(runs, given)
        left = planted.gather(runs, installation)
    for kind in ("status of Pod", "status of Model sorter", "Event ", "log of sorter-", "log of darkroom-", "file "):
        assert any(where.startswith(kind) for where in left), f"no {kind}"
    assert any("inspection.json" in where for where in left)
    assert find_leaks(given.secrets, left) == {}
    secret = connection.get("Secret", planted.SECRET, namespace)["data"]
    assert given.secret_key in find_leaks(given.secrets, {"Secret": json.dumps(secret).encode()})
