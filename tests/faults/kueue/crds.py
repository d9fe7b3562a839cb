"""Kueue's own CRDs, from its published Go module: what its API takes is what the API server of these tests takes.

Owns the version and which CRDs the operator needs. Kueue's controllers are not built: `player` does their part.
"""

import json
import pathlib
import subprocess
import time
from typing import Any, Final

import yaml

from darkroom_operator.api.resources import Resource
from tests.faults.cluster.api import Api, Refusal

MODULE: Final = "sigs.k8s.io/kueue@v0.19.2"
VERSION: Final = "v1beta2"
LOCAL_QUEUES: Final = Resource("kueue.x-k8s.io", VERSION, "localqueues", "LocalQueue")
WORKLOADS: Final = Resource("kueue.x-k8s.io", VERSION, "workloads", "Workload")
_CRDS: Final = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition")
SERVED_SECONDS: Final = 60.0


def install(api: Api) -> None:
    """Create the CRDs and wait until they are served; raises TimeoutError."""
    folder = _find_module() / "config/components/crd/bases"
    for resource in (LOCAL_QUEUES, WORKLOADS):
        crd: dict[str, Any] = yaml.load(
            (folder / f"{resource.group}_{resource.plural}.yaml").read_text(),
            Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
        )
        crd["metadata"].setdefault("annotations", {})["api-approved.kubernetes.io"] = "https://kueue.sigs.k8s.io"
        api.create(_CRDS, None, crd)
    for resource in (LOCAL_QUEUES, WORKLOADS):
        wait_served(api, resource.path(None))


def remove(api: Api) -> None:
    """Delete the CRDs, and with them what they hold."""
    for resource in (LOCAL_QUEUES, WORKLOADS):
        api.delete(_CRDS, None, f"{resource.plural}.{resource.group}")


def _find_module() -> pathlib.Path:
    """Return the module's folder in Go's cache, fetched through the Go proxy if it is not there."""
    command = ["go", "mod", "download", "-json", MODULE]
    answer = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    return pathlib.Path(json.loads(answer.stdout)["Dir"])


def wait_served(api: Api, path: str) -> None:
    """Wait until the API server answers at a path; raises TimeoutError."""
    end = time.monotonic() + SERVED_SECONDS
    while True:
        try:
            api.call("GET", path)
            return
        except Refusal as refusal:
            if time.monotonic() > end:
                raise TimeoutError(f"{path} not served in {SERVED_SECONDS:.0f} s: {refusal}") from refusal
        time.sleep(0.1)
