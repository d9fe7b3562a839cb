"""The rights that the chart gives the operator in a namespace, in place of all rights.

Owns that exchange: whatever these tests show needs no more.
"""

from typing import Final

import yaml

from bench.clusters.control_plane import BINARIES, USER
from darkroom_operator.api.resources import Resource
from hack.tools.check_chart import render
from tests.faults.cluster.api import ROLE_BINDINGS
from tests.faults.cluster.sandbox import Sandbox

ROLES: Final = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
NAME: Final = "least"


def grant_least(sandbox: Sandbox, *values: str) -> None:
    """Give the operator what the chart gives it in a namespace with these values, and nothing else."""
    flags = ("--set", ",".join((f"namespaces={{{sandbox.namespace}}}", f"fullnameOverride={NAME}", *values)))
    for manifest in yaml.safe_load_all(render(str(BINARIES / "helm"), None, *flags)):
        if manifest and manifest["kind"] == "Role" and manifest["metadata"]["namespace"] == sandbox.namespace:
            sandbox.api.create(ROLES, sandbox.namespace, manifest)
    role = {"apiGroup": ROLES.group, "kind": "Role", "name": NAME}
    subject = {"apiGroup": ROLES.group, "kind": "User", "name": USER}
    binding = {"metadata": {"name": NAME}, "roleRef": role, "subjects": [subject]}
    sandbox.api.create(ROLE_BINDINGS, sandbox.namespace, binding)
    sandbox.revoke()
