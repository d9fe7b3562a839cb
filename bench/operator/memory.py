"""How much memory the operator takes where a tenant makes objects as large as the API server lets them be.

    python -m bench.operator.memory

prints one line: the greatest resident size from the operator's start to its third audit, beside 10,000 Models that are
over, some of the large objects being made meanwhile. Exits with 1 where that is above the chart's limit, and where the
operator passes a large object over as unreadable: it must be able to keep what it needs of each. Runs on an API server
of its own.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import yaml

from bench.clusters.control_plane import ROOT, ControlPlane, start_control_plane
from bench.clusters.ports import find_free_port
from darkroom_api import names
from darkroom_operator.api.resources import DATASETS, JOBS, MODELS, PODS, Resource
from tests.faults.cluster.api import Api
from tests.faults.cluster.manifests import build_dataset, build_model, build_succeeded_status

Json = dict[str, Any]

LARGE: Final = 200
NORMAL: Final = 10_000
LARGE_BYTES: Final = 1_400_000
LATE: Final = 20
"""So many of them come through a watch, not in a list."""
READY_SECONDS: Final = 300.0
SECONDS: Final = 100.0
"""Three audits, once everything is known."""
THREADS: Final = 8
VALUES: Final = ROOT / "helm" / "darkroom" / "values.yaml"
CONFIG: Final = {
    "trainer": {"image": "played.invalid/trainer:none"},
    "defaultComputeClass": "cpu",
    "computeClasses": {"cpu": {}},
}


@dataclass(frozen=True)
class Measured:
    """What an operator took, and how many versions of objects it could not read."""

    peak_mib: float
    unreadable: int


def main() -> int:
    """Fill an API server, run the operator, and print how large it became."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--normal", type=int, default=NORMAL, help="Models that are over")
    parser.add_argument("--large", type=int, default=LARGE, help="objects as large as can be")
    asked = parser.parse_args()
    limit = read_limit_mib()
    with start_control_plane() as plane:
        api = Api(plane)
        fill(api, asked.normal, asked.large - LATE)
        measured = measure(api, plane)
    sizes = f"{asked.normal} Models and {asked.large} objects of {LARGE_BYTES / 1e6:.1f} MB"
    print(f"{sizes}: {measured.peak_mib:.0f} of {limit} MiB, {measured.unreadable} objects unreadable")
    return int(measured.peak_mib > limit or measured.unreadable > 0)


def read_limit_mib() -> int:
    """Return the memory limit that the chart gives to the operator."""
    limit: str = yaml.safe_load(VALUES.read_text())["operator"]["resources"]["limits"]["memory"]
    return int(limit.removesuffix("Mi"))


def fill(api: Api, normal: int, large: int) -> None:
    """Make the Models that are over and the large objects."""
    for number in range(large):
        create_large(api, f"large-{number}", number)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: create_normal(api, f"normal-{number}"), range(normal)))


def create_large(api: Api, name: str, number: int) -> None:
    """Make an object as large as can be, of each kind in turn."""
    resource, manifest = BUILDERS[number % len(BUILDERS)](name)
    api.create(resource, "default", manifest)


def create_normal(api: Api, name: str) -> None:
    """Make a Model that has succeeded."""
    api.create(MODELS, "default", build_model(name))
    api.merge(MODELS, "default", name, {"status": build_succeeded_status()}, "status")


def build_large_model(name: str) -> tuple[Resource, Json]:
    """Return a Model with so many owners that nobody is: what of its metadata has no bound."""
    manifest = build_model(name)
    manifest["metadata"]["ownerReferences"] = build_owners(LARGE_BYTES)
    return MODELS, manifest


def build_large_dataset(name: str) -> tuple[Resource, Json]:
    """Return a Dataset whose spec is as large as can be, with owners for the rest."""
    manifest = build_dataset(name)
    spec, prefix = manifest["spec"], "s3://played/" + "a" * 2000
    spec["annotationFiles"] = [f"{prefix}{at}.json" for at in range(10)]
    spec["urlMappings"] = [{"from": f"{prefix}{at}", "to": f"{prefix}{at}"} for at in range(20)]
    manifest["metadata"]["ownerReferences"] = build_owners(LARGE_BYTES - len(json.dumps(spec)))
    return DATASETS, manifest


def build_large_pod(name: str) -> tuple[Resource, Json]:
    """Return a pod that claims to be ours and has no node."""
    return PODS, {"metadata": label(name), "spec": build_pod_spec()}


def build_large_job(name: str) -> tuple[Resource, Json]:
    """Return a Job that claims to be ours and never starts."""
    spec = {"suspend": True, "template": {"metadata": {}, "spec": build_pod_spec()}}
    return JOBS, {"metadata": label(name), "spec": spec}


BUILDERS: Final = (build_large_model, build_large_pod, build_large_job, build_large_dataset)


def label(name: str) -> Json:
    """Return the metadata of an object that claims to be ours."""
    return {"name": name, "labels": {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_UID: f"uid-{name}"}}


def build_pod_spec() -> Json:
    """Return the spec of a pod with as many arguments as it can have: short ones take eight times their bytes."""
    arguments = [f"{number:05x}" for number in range(LARGE_BYTES // len('"00000",'))]
    return {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x", "args": arguments}]}


def build_owners(size_bytes: int) -> list[Json]:
    """Return references to owners that are not there, about so many bytes of them."""
    owner = {"apiVersion": "v1", "kind": "A", "name": "a"}
    return [{**owner, "uid": f"{number:0>240}"} for number in range(size_bytes // 300)]


def measure(api: Api, plane: ControlPlane) -> Measured:
    """Return what an operator took that starts there and sees `LATE` large objects come."""
    with run_operator(plane) as (process, metrics, ready):
        wait_until_ready(plane, ready)
        end = time.monotonic() + SECONDS
        for number in range(LATE):
            create_large(api, f"late-{number}", number)
        time.sleep(max(end - time.monotonic(), 0))
        text = read_page(metrics)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    return Measured(peak, sum_series(text, "darkroom_unreadable_objects_total"))


@contextlib.contextmanager
def run_operator(plane: ControlPlane) -> Iterator[tuple["subprocess.Popen[bytes]", str, str]]:
    """Run an operator of all namespaces; yield it and the addresses of its metrics and its readiness."""
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "config.json"
        config.write_text(json.dumps(CONFIG))
        metrics, health = find_free_port(), find_free_port()
        ports = ["--health-port", str(health), "--metrics-port", str(metrics)]
        command = [sys.executable, "-m", "darkroom_operator", "--config", str(config), *ports]
        with (plane.folder / "operator.log").open("wb") as log:
            started = [*command, "--kubeconfig", str(plane.kubeconfig)]
            process = subprocess.Popen(started, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process, f"http://127.0.0.1:{metrics}/metrics", f"http://127.0.0.1:{health}/readyz"
        finally:
            process.terminate()
            process.wait(30)


def wait_until_ready(plane: ControlPlane, address: str) -> None:
    """Wait until an operator knows every object; raises TimeoutError with the end of its log."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            read_page(address)
            return
        time.sleep(0.5)
    log = (plane.folder / "operator.log").read_text(errors="replace")[-2000:]
    raise TimeoutError(f"the operator was not ready after {READY_SECONDS:.0f} s:\n{log}")


def read_page(address: str) -> str:
    """Return what is served at an address; raises OSError where that is no success."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def sum_series(text: str, name: str) -> int:
    """Return the sum of all series of a metric."""
    return int(sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name}{{")))


if __name__ == "__main__":
    sys.exit(main())
