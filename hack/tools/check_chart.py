"""`python -m hack.tools.check_chart`: the chart and every manifest in the repository against real schemas.

Owns helm lint, helm template with each file of `helm/darkroom/ci`, kubeconform and the values that must be refused.
The API server's own check of the same manifests is in tests/cluster.
"""

import pathlib
import ssl
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import yaml

from darkroom_api.crd import KINDS, build_crd
from darkroom_operator.config import parse_config as parse_operator_config
from darkroom_server.config_file import parse_config as parse_server_config
from hack.localcluster.host import binaries
from hack.localcluster.state import State, default_root
from hack.tools import kube_schemas

ROOT: Final = pathlib.Path(__file__).resolve().parents[2]
CHART: Final = ROOT / "helm/darkroom"
KUBE_VERSION: Final = binaries.KUBERNETES.removeprefix("v")
SKIPPED: Final = "ServiceMonitor,PodMonitor,Kustomization,HTTPRoute"
"""Kinds whose schemas are not to be had offline; `find_problem` looks at what the chart has of them."""

_CONFIGS: Final[dict[str, Callable[[str, str], object]]] = {
    "config.yaml": lambda text, name: parse_operator_config(yaml.safe_load(text), name),
    "server.yaml": lambda text, name: parse_server_config(yaml.safe_load(text), name),
    "authorities.pem": lambda text, _: ssl.create_default_context(cadata=text),
}
REFUSED_VALUES: Final = (
    ("operator.replicas=0", "replicas"),
    ("operator.election.leaseSeconds=10", "leaseSeconds"),
    ("operator.election.retrySeconds=5", "renewSeconds"),
    ("operator.image.repository=", "repository"),
    ("operator.image.digest=latest", "digest"),
    ("trainer.image.pullPolicy=Sometimes", "pullPolicy"),
    ("trainer.runAsUser=0", "runAsUser"),
    ("trainer.weights.uri=/mnt/backbones", "uri"),
    ("trainer.weights.hub=http://hub.example.com", "hub"),
    ("namespaces=vision", "namespaces"),
    ("computeClasses.gpu.milliRate=0", "milliRate"),
    ("computeClasses.gpu.milliRate=1.5", "milliRate"),
    ("computeClasses.gpu.maxNodes=65", "maxNodes"),
    ("computeClasses.gpu.memory=lots", "memory"),
    ("computeClasses.gpu.gpus=1", "gpus"),
    ("computeClasses.gpu.schedulerName=Volcano", "schedulerName"),
    ("computeClasses.gpu.topology.nearest=rack", "nearest"),
    ("defaultQueue=Team A", "defaultQueue"),
    ("limits[0].defaultQueue=-a", "defaultQueue"),
    ("defaultComputeClass=tpu", "defaultComputeClass"),
    ("limits[0].maxDevices=0", "maxDevices"),
    ("limits[0].maxBudget=long", "maxBudget"),
    ("output.uri=/tmp/models", "uri"),
    ("retries.failures=-1", "failures"),
    ("progressIntervalSeconds=1", "progressIntervalSeconds"),
    ("allowedEndpoints={https://u:p@host}", "allowedEndpoints"),
    ("allowedEndpoints={https://host/path}", "allowedEndpoints"),
    ("serviceAccount.create=false", "serviceAccount.name"),
    ("server.replicas=0", "replicas"),
    ("server.storage[0].endpoint=https://storage.example.com", "prefix"),
    ("server.storage[0].prefix=s3://a/,server.storage[0].imageNamespaces=vision", "imageNamespaces"),
    ("server.fetching.allowedPrefixes={images.internal}", "allowedPrefixes"),
    ("server.enabled=true,server.access.bearerTokens=false", "server.access"),
    ("server.enabled=true,server.runs.uri=s3://runs/a", "server.storage"),
    ("server.runs.uri=s3://runs", "uri"),
    ("server.runs.mostKept=1", "mostKept"),
    ("server.runs.builtInModel.name=shelf", "namespace"),
    ("server.enabled=true,server.serviceAccount.create=false", "server.serviceAccount.name"),
    ("server.enabled=true,server.ingress.enabled=true", "server.ingress.host"),
    ("server.enabled=true,server.httpRoute.enabled=true", "server.httpRoute.parentRefs"),
    ("server.enabled=true,server.autoscaling.enabled=true,server.autoscaling.maxReplicas=1", "maxReplicas"),
)
"""A value that an administrator may get wrong, and the word that Helm's complaint must hold."""


class CheckFailed(Exception):
    """A check of the chart failed; the message is what the tool said."""


def main() -> int:
    """Run every check; returns the exit code."""
    state = State(default_root())
    state.create()
    binaries.ensure(state, (binaries.HELM, binaries.KUBECONFORM))
    helm, kubeconform = (str(state.binaries / name) for name in ("helm", "kubeconform"))
    schemas = state.root / f"schemas-{KUBE_VERSION}"
    count = kube_schemas.write_schemas(kube_schemas.find_openapi(ROOT / "hack/localcluster/kubernetes"), schemas)
    try:
        print(
            _run(helm, "lint", "--strict", "--quiet", str(CHART), *_values_flags(None)).strip() or "helm lint: passed"
        )
        for values in (None, *sorted((CHART / "ci").glob("*.yaml"))):
            check_rendered(render(helm, values), kubeconform, schemas, values.name if values else "default values")
        check_crds(render(helm, None))
        check_refused(helm)
        for folder in ("examples", "crds"):
            # Manifests only: `make local` leaves its sample data, which are JSON, among the examples.
            manifests = sorted(str(path) for path in (ROOT / folder).rglob("*.yaml"))
            print(f"{folder}: {conform(kubeconform, schemas, manifests)}")
    except CheckFailed as problem:
        print(f"chart: {problem}", file=sys.stderr)
        return 1
    print(f"chart: checked against {count} schemas of Kubernetes {KUBE_VERSION} and Darkroom")
    return 0


def render(helm: str, values: pathlib.Path | None, *flags: str) -> str:
    """Return what `helm template` makes of a values file."""
    name = ("darkroom", str(CHART), "--namespace", "darkroom-system", "--kube-version", KUBE_VERSION)
    return _run(helm, "template", *name, *_values_flags(values), *flags)


def _values_flags(values: pathlib.Path | None) -> list[str]:
    return ["--values", str(values)] if values else []


def conform(kubeconform: str, schemas: pathlib.Path, arguments: list[str], text: str | None = None) -> str:
    """Return kubeconform's summary of files or of a text; raises CheckFailed with its complaint."""
    flags = ("-strict", "-summary", "-skip", SKIPPED, "-schema-location", f"{schemas}/{kube_schemas.LOCATION}")
    return _run(kubeconform, *flags, *arguments, text=text).strip()


def check_rendered(text: str, kubeconform: str, schemas: pathlib.Path, name: str) -> None:
    """Check one rendering of the chart: its schemas, the rules of its pods and of its roles."""
    manifests = [manifest for manifest in yaml.safe_load_all(text) if manifest]
    print(f"{name}: {conform(kubeconform, schemas, [], text)}")
    for manifest in manifests:
        problem = find_problem(manifest) or _find_config_problem(manifest)
        if problem:
            raise CheckFailed(f"{name}: {manifest['kind']} {manifest['metadata']['name']}: {problem}")


def find_problem(manifest: dict[str, Any]) -> str | None:
    """Return what is wrong with a manifest of the chart, or None."""
    if manifest["kind"] in ("Role", "ClusterRole"):
        return _find_role_problem(manifest["rules"])
    if manifest["kind"] in ("ServiceMonitor", "PodMonitor"):
        endpoints = manifest["spec"].get("endpoints") or manifest["spec"].get("podMetricsEndpoints")
        return None if endpoints and manifest["spec"].get("selector") else "needs a selector and endpoints"
    if manifest["kind"] == "HTTPRoute":
        backends = [backend for rule in manifest["spec"]["rules"] for backend in rule["backendRefs"]]
        return None if backends and manifest["spec"].get("parentRefs") else "needs parentRefs and backendRefs"
    pod = manifest["spec"] if manifest["kind"] == "Pod" else manifest.get("spec", {}).get("template", {}).get("spec")
    return _find_pod_problem(pod) if pod else None


def _find_config_problem(manifest: dict[str, Any]) -> str | None:
    """Return why operator or server would refuse its configuration, or None."""
    if manifest["kind"] != "ConfigMap":
        return None
    for name, text in manifest["data"].items():
        try:
            _CONFIGS[name](text, name)
        except (ValueError, ssl.SSLError) as error:
            return str(error)
    return None


def _find_role_problem(rules: list[dict[str, Any]]) -> str | None:
    for rule in rules:
        if "*" in rule["verbs"] + rule["resources"] + rule["apiGroups"]:
            return f"a wildcard in {rule}"
        if "secrets" in rule["resources"] and rule["verbs"] != ["create"]:
            return "a verb on Secrets beside create"
    return None


def _find_pod_problem(pod: dict[str, Any]) -> str | None:
    """Return the first breach of the restricted level, or of what we add to it."""
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot") or security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        return "securityContext: not restricted"
    for container in pod["containers"]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities") != {"drop": ["ALL"]}:
            return f"container {container['name']}: not restricted"
        if own.get("readOnlyRootFilesystem") is not True or "resources" not in container:
            return f"container {container['name']}: needs a read-only root and resources"
        probes = (value for key, value in container.items() if key.endswith("Probe"))
        if any("host" in probe.get("httpGet", {}) for probe in probes):
            return f"container {container['name']}: a probe names a host"
    return None


def check_crds(text: str) -> None:
    """Check that Helm renders each CRD just as the contract generates it."""
    rendered = {m["metadata"]["name"]: m for m in yaml.safe_load_all(text) if m and "CustomResource" in m["kind"]}
    for kind in KINDS:
        wanted = build_crd(kind)
        found = rendered[wanted["metadata"]["name"]]
        if found["spec"] != wanted["spec"]:
            raise CheckFailed(f"CRD {kind.plural}: templating changed it")
        if found["metadata"]["annotations"] != {"helm.sh/resource-policy": "keep"}:
            raise CheckFailed(f"CRD {kind.plural}: would be deleted with the release")


def check_refused(helm: str) -> None:
    """Check that wrong values are refused with a message that names them."""
    for setting, word in REFUSED_VALUES:
        try:
            render(helm, None, "--set", setting)
        except CheckFailed as refusal:
            if word not in str(refusal):
                raise CheckFailed(f"--set {setting}: the refusal does not name {word}: {refusal}") from None
        else:
            raise CheckFailed(f"--set {setting}: was not refused")
    print(f"values: {len(REFUSED_VALUES)} wrong ones refused by name")


def _run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CheckFailed(f"{pathlib.Path(command[0]).name} {command[1]}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
