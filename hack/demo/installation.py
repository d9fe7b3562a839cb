"""Puts Darkroom and the example resources on the cluster, and takes them away again.

Owns every write of the demo. Must not wait for results: `watching` does.
"""

import pathlib
from typing import Any, Final

import yaml

from hack.demo.progress import step
from hack.demo.target import BUCKET, LOCAL_ENDPOINT, NAMESPACE, SYSTEM_NAMESPACE, CommandFailed, Target

EXAMPLES: Final = (pathlib.Path("examples/digits"), pathlib.Path("examples/photos"))
CHART: Final = pathlib.Path("helm/darkroom")
SECRET: Final = "darkroom-bucket"  # noqa: S105 - the name of a Secret
KINDS: Final = "evaluations.darkroom.dev,models.darkroom.dev,datasets.darkroom.dev"
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
        target.apply(_build_secret(target))


def _build_secret(target: Target) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": NAMESPACE},
        "stringData": {"AWS_ACCESS_KEY_ID": target.access_key, "AWS_SECRET_ACCESS_KEY": target.secret_key},
    }


def install_chart(target: Target) -> None:
    """Install or upgrade the Helm chart with the target's images, and wait for the operator."""
    operator, trainer = _split_image(target.operator_image), _split_image(target.trainer_image)
    with step("helm upgrade --install darkroom"):
        target.helm(
            *("upgrade", "--install", "darkroom", str(CHART), "--namespace", SYSTEM_NAMESPACE, "--wait"),
            *("--timeout", "3m"),
            *(argument for file in target.values for argument in ("--values", file)),
            *("--set", f"allowedEndpoints={{{target.endpoint}}}"),
            *("--set", f"operator.image.repository={operator[0]},operator.image.tag={operator[1]}"),
            *("--set", f"trainer.image.repository={trainer[0]},trainer.image.tag={trainer[1]}"),
        )


def _split_image(image: str) -> tuple[str, str]:
    repository, _, tag = image.rpartition(":")
    return repository, tag


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
    target.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    print(f"Removed. The samples stay in s3://{BUCKET}, the CRDs in the cluster.")
