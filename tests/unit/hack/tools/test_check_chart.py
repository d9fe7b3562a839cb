"""What the check of the rendered chart sees in a manifest."""

from typing import Any

import pytest

from hack.tools.check_chart import find_problem


def a_pod(**security: Any) -> dict[str, Any]:
    own = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        **security,
    }
    pod = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    containers = [{"name": "a", "securityContext": own, "resources": {}}]
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"securityContext": pod, "containers": containers}}


def a_role(**rule: Any) -> dict[str, Any]:
    return {"kind": "Role", "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], **rule}]}


def a_route(**spec: Any) -> dict[str, Any]:
    whole = {"parentRefs": [{"name": "public"}], "rules": [{"backendRefs": [{"name": "server", "port": 80}]}], **spec}
    return {"kind": "HTTPRoute", "metadata": {"name": "r"}, "spec": whole}


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (a_route(), None),
        (a_route(parentRefs=[]), "parentRefs"),
        (a_route(rules=[]), "backendRefs"),
        (a_pod(), None),
        (a_pod(readOnlyRootFilesystem=False), "read-only root"),
        (a_pod(allowPrivilegeEscalation=True), "not restricted"),
        (a_pod(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}), "not restricted"),
        (a_role(), None),
        (a_role(resources=["secrets"]), "Secrets"),
        (a_role(resources=["secrets"], verbs=["create", "get"]), "Secrets"),
        (a_role(resources=["secrets"], verbs=["create"]), None),
        (a_role(verbs=["*"]), "wildcard"),
    ],
)
def test_the_chart_check_sees_what_is_not_restricted(manifest: dict[str, Any], problem: str | None) -> None:
    found = find_problem(manifest)
    assert found is None if problem is None else problem in (found or "")
