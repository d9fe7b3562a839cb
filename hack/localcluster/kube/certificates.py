"""The cluster's own certificate authority, its certificates and the kubeconfig files made of them. Starts nothing."""

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hack.localcluster.state import API_SERVICE_ADDRESS, CONTEXT, NODE, NODE_ADDRESS, State

DAYS = "3650"
API_SERVER_NAMES = ",".join(
    [f"IP:{address}" for address in ("127.0.0.1", API_SERVICE_ADDRESS, NODE_ADDRESS)]
    + [f"DNS:{name}" for name in ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")]
)


@dataclass(frozen=True)
class Identity:
    """A certificate; one that is a user of the API server gets a kubeconfig too."""

    name: str
    subject: str
    alternative_names: str = ""
    is_user: bool = True


IDENTITIES = (
    Identity("apiserver", "/CN=kube-apiserver", API_SERVER_NAMES, is_user=False),
    Identity("apiserver-kubelet", "/O=system:masters/CN=kube-apiserver-kubelet-client", is_user=False),
    Identity("admin", "/O=system:masters/CN=admin"),
    Identity("node", f"/O=system:nodes/CN=system:node:{NODE}"),
    Identity("kube-controller-manager", "/CN=system:kube-controller-manager"),
    Identity("kube-scheduler", "/CN=system:kube-scheduler"),
    Identity("kube-proxy", "/CN=system:kube-proxy"),
)


def openssl(*arguments: str, extension: str = "") -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, input=extension, text=True)


def ensure_authority(pki: Path) -> None:
    if (pki / "ca.crt").exists():
        return
    made = ("-keyout", str(pki / "ca.key"), "-out", str(pki / "ca.crt"))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", *made, "-subj", f"/CN={CONTEXT}", "-days", DAYS)


def ensure_service_account_key(pki: Path) -> None:
    if (pki / "sa.pub").exists():
        return
    openssl("genrsa", "-out", str(pki / "sa.key"), "2048")
    openssl("rsa", "-in", str(pki / "sa.key"), "-pubout", "-out", str(pki / "sa.pub"))


def ensure_certificate(pki: Path, identity: Identity) -> None:
    key, request, certificate = (str(pki / f"{identity.name}.{kind}") for kind in ("key", "csr", "crt"))
    if Path(certificate).exists():
        return
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", identity.subject)
    extension = f"subjectAltName={identity.alternative_names or 'DNS:' + identity.name}"
    authority = ("-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key"), "-CAcreateserial", "-days", DAYS)
    openssl(
        "x509", "-req", "-in", request, *authority, "-out", certificate, "-extfile", "/dev/stdin", extension=extension
    )


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def kubeconfig(pki: Path, name: str) -> dict[str, object]:
    server = {"server": "https://127.0.0.1:6443", "certificate-authority-data": encoded(pki / "ca.crt")}
    user = {
        "client-certificate-data": encoded(pki / f"{name}.crt"),
        "client-key-data": encoded(pki / f"{name}.key"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": server}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": name}}],
        "current-context": CONTEXT,
    }


def ensure_kubeconfig(state: State, name: str) -> None:
    path = state.cluster / f"{name}.kubeconfig"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps(kubeconfig(state.pki, name), indent=1))


def ensure(state: State) -> None:
    ensure_authority(state.pki)
    ensure_service_account_key(state.pki)
    for identity in IDENTITIES:
        ensure_certificate(state.pki, identity)
        if identity.is_user:
            ensure_kubeconfig(state, identity.name)
