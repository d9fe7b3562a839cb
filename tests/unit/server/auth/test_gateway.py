"""Whom a server behind a gateway lets in."""

import asyncio

from darkroom_server.auth.gateway import GatewayAdmission
from tests.unit.server.auth.test_cluster import a_request


def test_everybody_sees_the_one_namespace_whatever_they_show() -> None:
    admission = GatewayAdmission("default")
    for headers in ((), (("authorization", "Bearer x"),)):
        assert asyncio.run(admission.admit(a_request(*headers), "get", "Model")).namespace == "default"
