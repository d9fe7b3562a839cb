"""How much memory the operator takes where a tenant makes objects as large as the API server lets them be.

    python -m bench.operator.memory

prints one line: the greatest resident size from its start to the third audit, beside 10,000 Models that are over. Runs
on an API server of its own. Must not judge: the chart's limit is beside the number.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from bench.clusters.control_plane import ROOT, ControlPlane, start_control_plane
from bench.clusters.ports import find_free_port
from darkroom_api import names
from darkroom_operator.api.resources import MODELS, PODS
from tests.faults.cluster.api import Api
from tests.faults.cluster.manifests import build_model, build_succeeded_status

LARGE: Final = 200
NORMAL: Final = 10_000
LARGE_BYTES: Final = 1_400_000
SECONDS: Final = 75.0
THREADS: Final = 8
LIMIT: Final = "512 MiB"
CONFIG: Final = {
    "trainer": {"image": "played.invalid/trainer:none"},
    "defaultComputeClass": "cpu",
    "computeClasses": {"cpu": {}},
}


def main() -> None:
    """Fill an API server, run the operator, and print how large it became."""
    with start_control_plane() as plane:
        api = Api(plane)
        fill(api)
        print(f"{NORMAL} Models and {LARGE} objects of {LARGE_BYTES / 1e6:.1f} MB: {measure(plane):.0f} MB of {LIMIT}")


def fill(api: Api) -> None:
    """Make the normal Models and, by halves, large Models and large pods with our labels."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: create_normal(api, f"normal-{number}"), range(NORMAL)))
    for number in range(LARGE):
        resource, manifest = (MODELS, build_model(f"large-{number}")) if number % 2 else (PODS, build_pod(number))
        api.create(resource, "default", enlarge(manifest))


def create_normal(api: Api, name: str) -> None:
    """Make a Model that has succeeded."""
    api.create(MODELS, "default", build_model(name))
    api.merge(MODELS, "default", name, {"status": build_succeeded_status()}, "status")


def build_pod(number: int) -> dict[str, Any]:
    """Return a pod that claims to be ours and has no node."""
    labels = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_UID: f"uid-{number}"}
    spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}
    return {"metadata": {"name": f"large-{number}", "labels": labels}, "spec": spec}


def enlarge(manifest: dict[str, Any]) -> dict[str, Any]:
    """Give an object so many owners that nobody is: what of its metadata has no bound."""
    about = {"apiVersion": "v1", "kind": "ConfigMap"}
    owners = [{**about, "name": f"n-{number}", "uid": f"{number:0>900}"} for number in range(LARGE_BYTES // 1000)]
    manifest["metadata"]["ownerReferences"] = owners
    return manifest


def measure(plane: ControlPlane) -> float:
    """Return the greatest resident size in MB of an operator that starts there."""
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "config.json"
        config.write_text(json.dumps(CONFIG))
        ports = ["--health-port", str(find_free_port()), "--metrics-port", str(find_free_port())]
        command = [sys.executable, "-m", "darkroom_operator", "--config", str(config), *ports]
        process = subprocess.Popen([*command, "--kubeconfig", str(plane.kubeconfig)], cwd=ROOT)
        time.sleep(SECONDS)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        process.terminate()
        process.wait(30)
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1000


if __name__ == "__main__":
    main()
