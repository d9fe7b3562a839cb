"""What runs inside the cluster from the start: DNS and an S3 server, each an image of one program of ours."""

import json
import secrets
from pathlib import Path

from hack.localcluster.host import binaries, runtime
from hack.localcluster.images import oci
from hack.localcluster.kube import api, services
from hack.localcluster.progress import step
from hack.localcluster.state import DNS_ADDRESS, S3_ADDRESS, S3_PORT, State

Manifest = dict[str, object]
REPOSITORY = "localhost/darkroom-local"
STORAGE = "storage"
S3_SECRET = "s3-root"  # noqa: S105 - the name of a Secret
USER = 10001
DNS_ARGUMENTS = ("-conf", "/etc/coredns/Corefile")
S3_ARGUMENTS = (
    *("--port", f":{S3_PORT}", "--health", services.S3_HEALTH, "--quiet"),
    *("--iam-dir", "/users", "--iam-cache-disable", "posix", "/data"),
)
"""Users beside the administrator can be made and removed, and are known or unknown at once: for tests of lost keys."""
COREFILE = """.:5353 {
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    forward . /etc/resolv.conf
    cache 10
}
"""


def image_name(program: binaries.Program) -> str:
    return f"{REPOSITORY}/{program.name}:{binaries.key(program)}"


def pause_image_name() -> str:
    return image_name(binaries.PAUSE)


def ensure_images(state: State) -> None:
    present = runtime.image_digests(state)
    for program in (binaries.PAUSE, binaries.COREDNS, binaries.VERSITYGW):
        if image_name(program) not in present:
            image = oci.program_image(image_name(program), binaries.stored(state, program), program.name)
            oci.load(state, image)


def named(kind: str, name: str, namespace: str | None = None, version: str = "v1", **rest: object) -> Manifest:
    metadata: Manifest = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def container(program: binaries.Program, **rest: object) -> Manifest:
    """A container that the restricted Pod Security level admits."""
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    shape = {"requests": {"cpu": "10m", "memory": "32Mi"}}
    image = {"image": image_name(program), "imagePullPolicy": "Never"}
    return {"name": program.name, **image, "securityContext": confined, "resources": shape, **rest}


def deployment(name: str, namespace: str, pod: Manifest) -> Manifest:
    labels = {"app": name}
    identity = {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}
    security = {"securityContext": identity | {"seccompProfile": {"type": "RuntimeDefault"}}}
    template = {"metadata": {"labels": labels}, "spec": security | pod}
    spec = {"replicas": 1, "strategy": {"type": "Recreate"}, "selector": {"matchLabels": labels}, "template": template}
    return named("Deployment", name, namespace, "apps/v1", spec=spec)


def service(name: str, namespace: str, app: str, address: str, ports: list[Manifest]) -> Manifest:
    spec = {"clusterIP": address, "selector": {"app": app}, "ports": ports}
    return named("Service", name, namespace, spec=spec)


def probe(port: int, path: str) -> Manifest:
    return {"httpGet": {"port": port, "path": path}, "periodSeconds": 2}


def dns_access() -> list[Manifest]:
    rules = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    group = "rbac.authorization.k8s.io"
    role = {"apiGroup": group, "kind": "ClusterRole", "name": "darkroom-local:dns"}
    subject = {"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}
    return [
        named("ServiceAccount", "coredns", "kube-system"),
        named("ClusterRole", "darkroom-local:dns", version=f"{group}/v1", rules=rules),
        named("ClusterRoleBinding", "darkroom-local:dns", version=f"{group}/v1", roleRef=role, subjects=[subject]),
    ]


def dns() -> list[Manifest]:
    volume = {"name": "config", "configMap": {"name": "coredns"}}
    coredns = container(
        binaries.COREDNS,
        args=list(DNS_ARGUMENTS),
        volumeMounts=[{"name": "config", "mountPath": "/etc/coredns"}],
        readinessProbe=probe(8181, "/ready"),
    )
    account = {"serviceAccountName": "coredns", "dnsPolicy": "Default"}
    pod: Manifest = {**account, "volumes": [volume], "containers": [coredns]}
    port: Manifest = {"port": 53, "targetPort": 5353}
    ports = [port | {"name": f"dns-{protocol.lower()}", "protocol": protocol} for protocol in ("UDP", "TCP")]
    return [
        *dns_access(),
        named("ConfigMap", "coredns", "kube-system", data={"Corefile": COREFILE}),
        deployment("coredns", "kube-system", pod),
        service("kube-dns", "kube-system", "coredns", DNS_ADDRESS, ports),
    ]


def storage_namespace() -> Manifest:
    namespace = named("Namespace", STORAGE)
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    return namespace | {"metadata": {"name": STORAGE, "labels": level}}


def root_credentials(state: State) -> Manifest:
    """Made once for each cluster and kept beside it, so that applying it again changes nothing."""
    path: Path = state.cluster / "s3-root.json"
    if not path.exists():
        path.touch(mode=0o600)
        keys = {"ROOT_ACCESS_KEY": secrets.token_hex(8), "ROOT_SECRET_KEY": secrets.token_hex(20)}
        path.write_text(json.dumps(keys))
    return named("Secret", S3_SECRET, STORAGE, stringData=json.loads(path.read_text()))


def storage(state: State) -> list[Manifest]:
    gateway = container(
        binaries.VERSITYGW,
        args=list(S3_ARGUMENTS),
        envFrom=[{"secretRef": {"name": S3_SECRET}}],
        volumeMounts=[{"name": "data", "mountPath": "/data"}, {"name": "users", "mountPath": "/users"}],
        readinessProbe=probe(S3_PORT, services.S3_HEALTH),
    )
    volumes: list[Manifest] = [{"name": name, "emptyDir": {}} for name in ("data", "users")]
    pod: Manifest = {"automountServiceAccountToken": False, "volumes": volumes, "containers": [gateway]}
    return [
        storage_namespace(),
        root_credentials(state),
        deployment("s3", STORAGE, pod),
        service("s3", STORAGE, "s3", S3_ADDRESS, [{"name": "s3", "port": S3_PORT}]),
    ]


def are_ready(state: State) -> bool:
    def is_available(name: str, namespace: str) -> bool:
        container = "{.spec.template.spec.containers[0].image}/{.spec.template.spec.containers[0].args}"
        path = f"jsonpath={{.status.availableReplicas}}/{container}"
        answer = api.kubectl(state, "get", "deployment", name, "-n", namespace, "-o", path, check=False)
        program = binaries.COREDNS if name == "coredns" else binaries.VERSITYGW
        arguments = DNS_ARGUMENTS if name == "coredns" else S3_ARGUMENTS
        return answer == f"1/{image_name(program)}/{json.dumps(arguments, separators=(',', ':'))}"

    as_wanted = is_available("coredns", "kube-system") and is_available("s3", STORAGE)
    return as_wanted and services.dns_answers() and services.s3_answers()


def ensure(state: State) -> None:
    if are_ready(state):
        return
    with step("DNS and S3"):
        api.apply(state, [*dns(), *storage(state)])
        api.wait_until(lambda: are_ready(state), 90, "the DNS and S3 pods (kubectl get pods -A)")
