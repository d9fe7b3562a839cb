"""An API server and an etcd of the bench's own, thrown away after it: nothing else runs on them.

On the local cluster scheduler, Job controller and kubelet would share the two cores with what is measured. The
binaries are the local cluster's.
"""

import contextlib
import pathlib
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from bench.clusters.kubeconfig import write_kubeconfig
from bench.clusters.ports import find_free_port
from hack.localcluster.state import State, default_root

START_SECONDS = 60.0
USER = "someone"
ROOT = pathlib.Path(__file__).parents[2]
BINARIES = State(default_root()).binaries


@dataclass(frozen=True)
class ControlPlane:
    """A running API server."""

    folder: pathlib.Path
    port: int
    token: str

    @property
    def kubeconfig(self) -> pathlib.Path:
        """Return the administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    @property
    def user_token(self) -> str:
        """Return the token of `USER`, who may do what a test grants."""
        return f"{self.token}-user"

    def kubectl(self, *arguments: str) -> None:
        """Run kubectl; raises CalledProcessError."""
        command = [str(BINARIES / "kubectl"), "--kubeconfig", str(self.kubeconfig), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def start_control_plane(*flags: str) -> Iterator[ControlPlane]:
    """Start both on free ports, with Darkroom's CRDs and more flags for the API server; ends them in the end."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        plane = ControlPlane(folder, find_free_port(), token=folder.name)
        tokens = (f"{plane.token},bench,bench,system:masters", f"{plane.user_token},{USER},{USER}")
        (folder / "tokens.csv").write_text("\n".join(tokens) + "\n")
        etcd_port = find_free_port()
        stack.enter_context(run(folder, "etcd", build_etcd_command(folder, etcd_port)))
        build_service_account_key(folder)
        stack.enter_context(run(folder, "apiserver", [*build_apiserver_command(plane, etcd_port), *flags]))
        wait_ready(plane)
        write_kubeconfig(plane.kubeconfig, plane.port, folder / "apiserver.crt", plane.token)
        plane.kubectl("apply", "--server-side", "-k", str(ROOT / "crds"))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield plane


@contextlib.contextmanager
def run(folder: pathlib.Path, name: str, command: list[str]) -> Iterator[None]:
    """Run a server with its log in `folder`."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait(30)


def build_etcd_command(folder: pathlib.Path, port: int) -> list[str]:
    """Return the command of an etcd that need not survive a power cut."""
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{find_free_port()}"
    return [
        *("etcd", "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync", "--listen-peer-urls", peer),
        *("--listen-client-urls", client, "--advertise-client-urls", client),
    ]


def build_service_account_key(folder: pathlib.Path) -> None:
    """Make the key that the API server insists on."""
    command = ["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"]
    subprocess.run(command, check=True, capture_output=True)


def build_apiserver_command(plane: ControlPlane, etcd_port: int) -> list[str]:
    """Return the command of an API server with a certificate of its own making."""
    key = str(plane.folder / "sa.key")
    return [
        *(str(BINARIES / "kube-apiserver"), f"--etcd-servers=http://127.0.0.1:{etcd_port}"),
        *("--bind-address=127.0.0.1", f"--secure-port={plane.port}", f"--cert-dir={plane.folder}"),
        *(f"--token-auth-file={plane.folder / 'tokens.csv'}", "--authorization-mode=RBAC"),
        *("--service-account-issuer=https://bench", f"--service-account-key-file={key}"),
        *(f"--service-account-signing-key-file={key}", "--service-cluster-ip-range=10.97.0.0/16"),
        # No controller makes ServiceAccounts here, and no pod will ever ask for one.
        "--disable-admission-plugins=ServiceAccount",
    ]


def wait_ready(plane: ControlPlane) -> None:
    """Wait until the API server is ready; raises TimeoutError with the end of its log."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            read(plane, "/readyz")
            return
        time.sleep(0.2)
    log = (plane.folder / "apiserver.log").read_text()[-2000:]
    raise TimeoutError(f"the bench's API server did not come up within {START_SECONDS:.0f} s:\n{log}")


def read(plane: ControlPlane, path: str) -> str:
    """Return what the API server answers at `path`."""
    context = ssl.create_default_context(cafile=str(plane.folder / "apiserver.crt"))
    address = f"https://127.0.0.1:{plane.port}{path}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {plane.token}"})
    with urllib.request.urlopen(request, context=context, timeout=10) as response:
        text: str = response.read().decode()
        return text
