"""Whom the server believes: tokens of a real API server, and what RBAC lets their users do."""

import asyncio
import pathlib
from typing import Any, Final

import pytest
from starlette.requests import Request

from bench.clusters.control_plane import USER
from darkroom_operator.api.resources import Resource
from darkroom_server.auth.cluster import ClusterAdmission
from darkroom_server.auth.reviews import Reviews
from darkroom_server.http.problems import Problem
from tests.faults.cluster.api import ROLE_BINDINGS, Json
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.served import make_namespace, running

ROLES: Final = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")


def build_request(token: str = "", query: str = "", key: str = "") -> Request:
    """Return a request with these credentials."""
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    headers += [(b"ocp-apim-subscription-key", key.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers, "path": "/", "method": "GET"})


def test_a_token_may_what_rbac_lets_its_user_do(fault_cluster: FaultCluster, tmp_path: pathlib.Path) -> None:
    allowed, other = make_namespace(fault_cluster), make_namespace(fault_cluster)
    grant(fault_cluster, allowed)
    token = fault_cluster.control.user_token

    async def refusal(admission: ClusterAdmission, request: Request, verb: Any = "get") -> int:
        with pytest.raises(Problem) as refused:
            await admission.admit(request, verb, "Model")
        return refused.value.status

    async def story() -> None:
        async with running(fault_cluster, tmp_path, allowed, other) as (_, api, wire):
            admission = ClusterAdmission(None, Reviews(api), (allowed, other))
            asked = build_request(token, f"Namespace={allowed}")
            caller = await admission.admit(asked, "get", "Model")
            assert (caller.namespace, caller.name) == (allowed, USER)
            assert await refusal(admission, asked, "delete") == 403
            assert await refusal(admission, build_request(token, f"namespace={other}")) == 403
            assert await refusal(admission, build_request(token, "namespace=default")) == 400
            assert await refusal(admission, build_request(token)) == 400
            assert await refusal(admission, build_request("no-such-token", f"namespace={allowed}")) == 401
            assert await refusal(admission, build_request(query=f"namespace={allowed}")) == 401
            only = ClusterAdmission(None, Reviews(api), (allowed,))
            assert (await only.admit(build_request(token), "get", "Model")).namespace == allowed
            assert await refusal(ClusterAdmission(None, None, (allowed,)), asked) == 401
            wire.cut()
            assert (await admission.admit(asked, "get", "Model")).namespace == allowed  # remembered
            assert await refusal(admission, asked, "list") == 503

    asyncio.run(story())


def grant(cluster: FaultCluster, namespace: str) -> None:
    """Let the user read Models of a namespace."""
    rule: Json = {"apiGroups": ["darkroom.dev"], "resources": ["models"], "verbs": ["get"]}
    cluster.api.create(ROLES, namespace, {"metadata": {"name": "reader"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}
    binding = {"metadata": {"name": "reader"}, "roleRef": reference, "subjects": [subject]}
    cluster.api.create(ROLE_BINDINGS, namespace, binding)
