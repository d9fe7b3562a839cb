"""Calls to the API server by kubectl, and waiting. Decides nothing about what the cluster holds."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence

from hack.localcluster.progress import Refused
from hack.localcluster.state import State


def kubectl(state: State, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
    """Standard output; empty where the call failed and that is allowed."""
    command = [str(state.binaries / "kubectl"), f"--kubeconfig={state.kubeconfig}", *arguments]
    result = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if result.returncode != 0 and check:
        raise Refused(f"kubectl {' '.join(arguments[:3])}: {result.stderr.strip()}")
    return result.stdout if result.returncode == 0 else ""


def apply(state: State, manifests: Sequence[dict[str, object]]) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    kubectl(state, "apply", "-f", "-", stdin=json.dumps(items))


def is_ready(state: State) -> bool:
    return kubectl(state, "get", "--raw", "/readyz", "--request-timeout=2s", check=False).strip() == "ok"


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Refused(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)
