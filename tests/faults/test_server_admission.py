"""Whom the server believes: tokens of a real API server, and what RBAC lets their users do."""

import asyncio
import pathlib
import urllib.parse
from typing import Any, Final

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message

from bench.clusters.control_plane import USER
from darkroom_operator.api.resources import Resource
from darkroom_server.app import build_app
from darkroom_server.auth.cluster import ClusterAdmission
from darkroom_server.auth.reviews import Reviews
from darkroom_server.config import ServerConfig
from darkroom_server.http.problems import Problem
from darkroom_server.routes.parts import build_parts
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


def grant(cluster: FaultCluster, namespace: str, *verbs: str) -> None:
    """Let the user do `verbs` to Models of a namespace, `get` without any."""
    rule: Json = {"apiGroups": ["darkroom.dev"], "resources": ["models"], "verbs": list(verbs) or ["get"]}
    cluster.api.create(ROLES, namespace, {"metadata": {"name": "reader"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}
    binding = {"metadata": {"name": "reader"}, "roleRef": reference, "subjects": [subject]}
    cluster.api.create(ROLE_BINDINGS, namespace, binding)


def test_a_token_signs_in_to_the_page_and_sees_what_rbac_lets_its_user_see(
    fault_cluster: FaultCluster, tmp_path: pathlib.Path
) -> None:
    allowed, other = make_namespace(fault_cluster), make_namespace(fault_cluster)
    grant(fault_cluster, allowed, "get", "list")
    token = fault_cluster.control.user_token

    async def story() -> None:
        async with running(fault_cluster, tmp_path, allowed, other) as (backend, api, _):
            app = build_app(
                build_parts(backend, ClusterAdmission(None, Reviews(api), (allowed, other)), ServerConfig())
            )
            for namespace, status in ((other, 401), ("", 401), (allowed, 303)):
                form = urllib.parse.urlencode({"secret": token, "namespace": namespace})
                answer = await ask(app, "POST", "/ui/sign-in", form.encode())
                assert answer.status_code == status
            cookie = answer.headers["set-cookie"].partition(";")[0]
            page = await ask(app, "GET", "/ui/models", cookie=cookie)
            assert (page.status_code, f"Namespace {allowed}".encode() in page.body) == (200, True)
            assert token.encode() not in bytes(page.body)
            assert (await ask(app, "GET", "/ui/datasets", cookie=cookie)).status_code == 403
            assert (await ask(app, "POST", "/ui/new", b"action=apply", cookie)).status_code in (400, 403)

    asyncio.run(story())


async def ask(app: ASGIApp, method: str, path: str, body: bytes = b"", cookie: str = "") -> Response:
    """Return what an application answers to a request of a page of its own."""
    host = (b"host", b"vision.example"), (b"origin", b"https://vision.example")
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "scheme": "https", "root_path": ""}
    parts: list[bytes] = []
    answer = Response()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status_code, answer.raw_headers = message["status"], list(message["headers"])
        else:
            parts.append(message["body"])

    await app({**scope, "headers": [*host, (b"cookie", cookie.encode())], "server": ("a", 443)}, receive, send)
    answer.body = b"".join(parts)
    return answer
