"""Where the demo runs: a kubectl context that the user names, else the local cluster of this repository.

Owns that choice and the way to call kubectl and helm there.
"""

import base64
import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

LOCAL_ENDPOINT: Final = "http://s3.storage.svc:9000"
NAMESPACE: Final = "darkroom-demo"
SYSTEM_NAMESPACE: Final = "darkroom-system"
BUCKET: Final = "vision"
LOCAL_PORT: Final = 8080
"""To which a person is told to forward a Service of a cluster elsewhere."""


class TargetUnavailable(Exception):
    """No cluster can be used here; the message says why."""


class CommandFailed(Exception):
    """A command of the demo failed; the message holds what it printed."""


@dataclass(frozen=True)
class Target:
    """A cluster, the images that it can start, the object storage that its pods reach, and files of Helm values."""

    context: str
    operator_image: str
    trainer_image: str
    server_image: str
    endpoint: str
    endpoint_from_here: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    values: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what kubectl prints; raises CommandFailed with its complaint."""
        return self.run("kubectl", "--context", self.context, *arguments, stdin=stdin)

    def helm(self, *arguments: str) -> str:
        """Return what helm prints; raises CommandFailed with its complaint."""
        return self.run("helm", "--kube-context", self.context, *arguments)

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return what `kubectl get` answers, as JSON."""
        answer: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return answer

    def apply(self, *manifests: dict[str, Any]) -> str:
        """Apply manifests; returns kubectl's lines."""
        listed = {"apiVersion": "v1", "kind": "List", "items": manifests}
        return self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    @contextlib.contextmanager
    def reach_service(self, name: str, namespace: str, port: int) -> Iterator[str]:
        """Give an address at which this machine reaches a Service: its own on the local cluster, else forwarded."""
        if not os.environ.get("CONTEXT"):
            yield f"http://{self.get('service', name, '-n', namespace)['spec']['clusterIP']}:{port}"
            return
        command = ("kubectl", "--context", self.context, "port-forward", "-n", namespace, f"service/{name}", f":{port}")
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True) as forwarding:
            try:
                # It says `Forwarding from 127.0.0.1:PORT -> ...` once it does.
                yield f"http://{_read_line(forwarding).split()[2]}"
            finally:
                forwarding.terminate()

    def describe_service(self, name: str, namespace: str, port: int) -> str:
        """Return where a person on this machine reaches a Service, and on a cluster elsewhere by which command."""
        if not os.environ.get("CONTEXT"):
            return f"http://{self.get('service', name, '-n', namespace)['spec']['clusterIP']}:{port}"
        forward = f"kubectl --context {self.context} port-forward -n {namespace} service/{name} {LOCAL_PORT}:{port}"
        return f"({forward}) http://127.0.0.1:{LOCAL_PORT}"

    def run(self, *command: str, stdin: str | None = None) -> str:
        """Return what a command prints in this target's environment."""
        done = subprocess.run(command, input=stdin, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandFailed(f"{' '.join(command[:4])} ...: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def _read_line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise CommandFailed(f"kubectl port-forward ended with {process.wait()}; its complaint is above")
    return line


def choose_target() -> Target:
    """Return the cluster to use, started if it is the local one; raises TargetUnavailable."""
    context = os.environ.get("CONTEXT")
    return _use_context(context) if context else _start_local_cluster()


def _use_context(context: str) -> Target:
    needed = (
        "S3_ENDPOINT",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "OPERATOR_IMAGE",
        "TRAINER_IMAGE",
        "SERVER_IMAGE",
    )
    missing = [name for name in needed if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"CONTEXT={context} also needs {', '.join(missing)}: where the samples go, and the images.")
    return Target(
        context=context,
        operator_image=os.environ["OPERATOR_IMAGE"],
        trainer_image=os.environ["TRAINER_IMAGE"],
        server_image=os.environ["SERVER_IMAGE"],
        endpoint=os.environ["S3_ENDPOINT"],
        endpoint_from_here=os.environ.get("S3_ENDPOINT_FROM_HERE", os.environ["S3_ENDPOINT"]),
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        values=tuple(filter(None, os.environ.get("VALUES", "").split(","))),
        environment=dict(os.environ),
    )


def _start_local_cluster() -> Target:
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise TargetUnavailable("the local cluster needs root on Linux; name another one with CONTEXT=...")
    if _call_localcluster("all") != 0:
        raise TargetUnavailable("the local cluster did not come up; its messages are above")
    return _describe_local_cluster()


def stop_local_cluster() -> bool:
    """Stop the local cluster unless the user works with a context; returns whether that was it."""
    return not os.environ.get("CONTEXT") and _call_localcluster("down") == 0


def _call_localcluster(command: str) -> int:
    return subprocess.run([sys.executable, "-m", "hack.localcluster", command], check=False).returncode


def _describe_local_cluster() -> Target:
    exports = _read_local_environment()
    environment = {**os.environ, **exports}
    probe = Target("darkroom-local", "", "", "", "", "", "", "", (), environment)
    access_key, secret_key = _read_root_credentials(probe)
    return Target(
        context="darkroom-local",
        operator_image="localhost/darkroom-operator:dev",
        trainer_image="localhost/darkroom-trainer:dev",
        server_image="localhost/darkroom-server:dev",
        endpoint=LOCAL_ENDPOINT,
        endpoint_from_here=exports["DARKROOM_S3_ENDPOINT"],
        access_key=access_key,
        secret_key=secret_key,
        values=("helm/darkroom/ci/small-node-values.yaml",),
        environment=environment,
    )


def _read_local_environment() -> dict[str, str]:
    """Return what `localcluster env` exports, with the caller's PATH put in."""
    lines = subprocess.run(
        [sys.executable, "-m", "hack.localcluster", "env"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    return {name: value.replace("$PATH", os.environ["PATH"]) for name, value in pairs}


def _read_root_credentials(target: Target) -> tuple[str, str]:
    data = target.get("secret", "s3-root", "-n", "storage")["data"]
    access_key, secret_key = (base64.b64decode(data[name]).decode() for name in ("ROOT_ACCESS_KEY", "ROOT_SECRET_KEY"))
    return access_key, secret_key
