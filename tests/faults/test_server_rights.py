"""The rights that the chart gives to the server: enough for its work, and no more of Secrets than to create one."""

import asyncio
import pathlib
from typing import Final

import pytest
import yaml

from bench.clusters.control_plane import BINARIES, USER
from darkroom_operator.api.resources import Resource
from darkroom_server.auth.reviews import Reviews
from hack.tools.check_chart import render
from tests.faults.cluster import manifests
from tests.faults.cluster.api import Json, Refusal
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.served import make_namespace, running

GROUP: Final = "rbac.authorization.k8s.io"
RESOURCES: Final = {
    kind: Resource(GROUP, "v1", f"{kind.lower()}s", kind)
    for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
}
ACCESS_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def grant(cluster: FaultCluster, namespace: str) -> None:
    """Give a user what the chart gives to the server's ServiceAccount."""
    flags = ("--set", f"server.enabled=true,namespaces={{{namespace}}},fullnameOverride=rights")
    for manifest in yaml.safe_load_all(render(str(BINARIES / "helm"), None, *flags)):
        if manifest and manifest["kind"] in RESOURCES and manifest["metadata"]["name"].startswith("rights-server"):
            if "subjects" in manifest:
                manifest["subjects"] = [{"apiGroup": GROUP, "kind": "User", "name": USER}]
            cluster.api.create(RESOURCES[manifest["kind"]], manifest["metadata"].get("namespace"), manifest)


def may(cluster: FaultCluster, verb: str, namespace: str, group: str, resource: str) -> bool:
    """Return whether RBAC lets the user do it."""
    attributes = {"verb": verb, "namespace": namespace, "group": group, "resource": resource}
    body: Json = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": USER, "resourceAttributes": attributes},
    }
    return bool(cluster.api.call("POST", ACCESS_REVIEWS, body)["status"]["allowed"])


@pytest.fixture(scope="module")
def namespace(fault_cluster: FaultCluster) -> str:
    """Return a namespace that the server serves."""
    name = make_namespace(fault_cluster)
    grant(fault_cluster, name)
    return name


def test_they_are_enough_for_everything_that_it_does(
    fault_cluster: FaultCluster, namespace: str, tmp_path: pathlib.Path
) -> None:
    token = fault_cluster.control.user_token

    async def story() -> None:
        async with running(fault_cluster, tmp_path, namespace, token=token) as (backend, api, _):
            secret = await backend.keep_token(namespace, "fruit", "https://host.example/a?sig=signed")
            manifest = manifests.build_dataset("fruit")
            manifest["spec"]["storage"] = {"credentialsSecret": secret}
            await backend.create("Dataset", namespace, manifest)
            await backend.create("Model", namespace, manifests.build_model("shelf"))
            await backend.patch("Model", namespace, "shelf", {"spec": {"cancel": True}})
            await backend.create("Evaluation", namespace, manifests.build_evaluation("shelf"))
            await backend.create("Prediction", namespace, manifests.build_prediction("shelf"))
            for kind in ("Prediction", "Evaluation", "Model", "Dataset"):
                await backend.delete(kind, namespace, "fruit" if kind == "Dataset" else "shelf")
            user = await Reviews(api).find_user(token)
            assert user is not None
            assert await Reviews(api).is_allowed(user, "get", "Model", namespace)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("verb", "group", "resource", "expected"),
    [
        ("create", "", "secrets", True),
        *((verb, "", "secrets", False) for verb in ("get", "list", "watch", "update", "patch", "delete")),
        ("patch", "darkroom.dev", "models/status", False),
        ("patch", "darkroom.dev", "predictions/status", False),
        *((verb, "", "pods", False) for verb in ("get", "create", "delete")),
        ("create", "batch", "jobs", False),
        ("get", "", "configmaps", False),
        ("create", GROUP, "rolebindings", False),
    ],
)
def test_they_are_no_more(
    fault_cluster: FaultCluster, namespace: str, verb: str, group: str, resource: str, expected: bool
) -> None:
    assert may(fault_cluster, verb, namespace, group, resource) is expected


def test_they_end_at_the_namespaces_that_it_serves(fault_cluster: FaultCluster, namespace: str) -> None:
    assert namespace
    other = make_namespace(fault_cluster)
    assert not may(fault_cluster, "list", other, "darkroom.dev", "models")
    assert not may(fault_cluster, "create", other, "", "secrets")
    with pytest.raises(Refusal, match="404"):
        fault_cluster.api.get(RESOURCES["Role"], other, "rights-server")
