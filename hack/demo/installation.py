"""Puts Darkroom and the example resources on the cluster, and takes them away again.

Owns every write of the demo. Must not wait for results: `watching` does.
"""

import base64
import json
import pathlib
import secrets
from typing import Any, Final

import yaml

from hack.demo.progress import step
from hack.demo.target import BUCKET, LOCAL_ENDPOINT, NAMESPACE, SYSTEM_NAMESPACE, CommandFailed, Target

EXAMPLES: Final = (pathlib.Path("examples/digits"), pathlib.Path("examples/photos"))
CHART: Final = pathlib.Path("helm/darkroom")
SECRET: Final = "darkroom-bucket"  # noqa: S105 - the name of a Secret
KEYS_SECRET: Final = "darkroom-keys"  # noqa: S105 - likewise
KEY_NAME: Final = f"{NAMESPACE}.demo"
KINDS: Final = "predictions.darkroom.dev,evaluations.darkroom.dev,models.darkroom.dev,datasets.darkroom.dev"
_RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}


def clear_resources(target: Target) -> None:
    """Delete what an earlier demo applied; its artifacts stay in the bucket."""
    try:
        target.kubectl("delete", KINDS, "--all", "-n", NAMESPACE, "--ignore-not-found")
    except CommandFailed as problem:
        if "the server doesn't have a resource type" not in str(problem):
            raise


def prepare_namespace(target: Target) -> None:
    """Create the namespaces, which enforce the restricted Pod Security level, and the Secret of the bucket."""
    with step(f"namespaces {SYSTEM_NAMESPACE} and {NAMESPACE}"):
        target.apply(
            *(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": _RESTRICTED}}
                for name in (SYSTEM_NAMESPACE, NAMESPACE)
            )
        )
        bucket = {"AWS_ACCESS_KEY_ID": target.access_key, "AWS_SECRET_ACCESS_KEY": target.secret_key}
        target.apply(
            _build_secret(SECRET, NAMESPACE, bucket),
            _build_secret(SECRET, SYSTEM_NAMESPACE, bucket),
            _build_secret(KEYS_SECRET, SYSTEM_NAMESPACE, {KEY_NAME: find_key(target) or secrets.token_urlsafe(24)}),
        )


def find_key(target: Target) -> str | None:
    """Return the key of the API that the demo has made, None before it has."""
    found = target.kubectl(*("get", "secret", KEYS_SECRET, "-n", SYSTEM_NAMESPACE, "--ignore-not-found", "-o", "json"))
    return base64.b64decode(json.loads(found)["data"][KEY_NAME]).decode() if found else None


def _build_secret(name: str, namespace: str, data: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def install_chart(target: Target) -> None:
    """Install or upgrade the Helm chart with the target's images, and wait for operator and server."""
    images = {"operator": target.operator_image, "trainer": target.trainer_image, "server": target.server_image}
    storage = [{"prefix": f"s3://{BUCKET}/", "endpoint": target.endpoint, "credentialsSecret": SECRET}]
    with step("helm upgrade --install darkroom"):
        target.helm(
            *("upgrade", "--install", "darkroom", str(CHART), "--namespace", SYSTEM_NAMESPACE, "--wait"),
            *("--timeout", "3m"),
            *(argument for file in target.values for argument in ("--values", file)),
            *("--set", f"allowedEndpoints={{{target.endpoint}}}"),
            *(argument for part, image in images.items() for argument in ("--set", _set_image(part, image))),
            *("--set", f"server.enabled=true,server.access.keysSecret={KEYS_SECRET}"),
            *("--set-json", f"server.storage={json.dumps(storage)}"),
        )


def _set_image(part: str, image: str) -> str:
    repository, _, tag = image.rpartition(":")
    return f"{part}.image.repository={repository},{part}.image.tag={tag}"


def apply_examples(target: Target) -> None:
    """Apply the example manifests, pointed at the target's storage."""
    with step(f"kubectl apply {' '.join(f'-f {folder}' for folder in EXAMPLES)}"):
        manifests = [_point_at(manifest, target) for manifest in _read_examples()]
        print(target.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=yaml.safe_dump_all(manifests)), end="")


def _read_examples() -> list[dict[str, Any]]:
    texts = (path.read_text() for folder in EXAMPLES for path in sorted(folder.glob("*.yaml")))
    return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]


def _point_at(manifest: dict[str, Any], target: Target) -> dict[str, Any]:
    """Return the manifest as it is for the local cluster, else with the user's endpoint."""
    storage = manifest["spec"].get("storage")
    if storage is None or target.endpoint == LOCAL_ENDPOINT:
        return manifest
    return {**manifest, "spec": {**manifest["spec"], "storage": {**storage, "endpoint": target.endpoint}}}


def remove(target: Target) -> None:
    """Take the demo off a cluster that the user named; the CRDs and the bucket stay."""
    clear_resources(target)
    target.helm("uninstall", "darkroom", "--namespace", SYSTEM_NAMESPACE, "--ignore-not-found")
    target.kubectl("delete", "secret", SECRET, KEYS_SECRET, "-n", SYSTEM_NAMESPACE, "--ignore-not-found")
    target.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    print(f"Removed. The samples stay in s3://{BUCKET}, the CRDs in the cluster.")
