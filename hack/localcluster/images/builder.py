"""buildah: the base image, builds of our Containerfiles, and what a build needs to know of this machine's network.

Certificates and package index settings reach a build as secrets: neither the image nor its history keeps them.
"""

import json
import os
import shlex
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hack.localcluster.progress import Refused
from hack.localcluster.state import REPOSITORY, SOURCES, State

NAMED_STAGE = "requirements"
IGNORED = SOURCES / "context.ignore"
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
PIP_OPTIONS = ("index-url", "extra-index-url", "trusted-host")
UV_NAMES = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
}
BASE_PACKAGES = ("ca-certificates", "python3", "python3-venv", "usr-is-merged")
LEFT_OUT = ("doc/*", "info/*", "locale/*", "man/*", "lintian/*", "zoneinfo/right/*")
BASE_COMMAND = (
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    f"--include={','.join(BASE_PACKAGES)}",
    '--aptopt=APT::Install-Recommends "false"',
    *(f"--dpkgopt=path-exclude=/usr/share/{pattern}" for pattern in LEFT_OUT),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--customize-hook=rm -rf $1/var/lib/apt/lists/* $1/var/cache/* $1/var/log/*",
    "bookworm",
)


def command(state: State, *arguments: str) -> list[str]:
    places = ["--root", str(state.images / "storage"), "--runroot", str(state.images / "run")]
    return ["buildah", *places, "--storage-driver", "overlay", *arguments]


def environment(state: State) -> dict[str, str]:
    """Whole layers pass through the temporary folder, so it must be on the disk that has room for them."""
    scratch = state.images / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return {**os.environ, "TMPDIR": str(scratch), "BUILDAH_ISOLATION": "chroot"}


def call(state: State, *arguments: str) -> str:
    result = subprocess.run(command(state, *arguments), env=environment(state), capture_output=True, text=True)
    if result.returncode != 0:
        raise Refused(f"buildah {arguments[0]}: {result.stderr.strip()[-2000:]}")
    return result.stdout


def has(state: State, name: str) -> bool:
    return subprocess.run(command(state, "inspect", "--type", "image", name), capture_output=True).returncode == 0


def inspect(state: State, name: str) -> dict[str, object]:
    """The image's configuration, as the OCI format has it."""
    document = json.loads(call(state, "inspect", "--type", "image", name))
    configuration: dict[str, object] = document["OCIv1"]
    return configuration


def pip_configuration() -> dict[str, str]:
    """The caller's `pip config`, where there is a pip."""
    listed = subprocess.run(["python3", "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    rows = (line.partition("=") for line in listed.splitlines())
    options = {name.rpartition(".")[2]: value.strip("'\"") for name, _, value in rows}
    return {f"PIP_{name.replace('-', '_').upper()}": options[name] for name in PIP_OPTIONS if name in options}


def index_settings(variables: Mapping[str, str], pip: Mapping[str, str]) -> dict[str, str]:
    """Shell variables for pip and uv, taken from the caller's and from nowhere else."""
    wanted = {*UV_NAMES, *UV_NAMES.values(), *PROXIES, *(name.upper() for name in PROXIES)}
    found = dict(pip) | {name: value for name, value in variables.items() if name in wanted}
    for theirs, ours in UV_NAMES.items():
        if theirs in found:
            found.setdefault(ours, found[theirs])
    return found


@contextmanager
def secret_options(state: State) -> Iterator[list[str]]:
    certificates = Path(os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or SYSTEM_CERTIFICATES)
    options = ["--secret", f"id=ca,src={certificates}"] if certificates.exists() else []
    settings = index_settings(os.environ, pip_configuration())
    with tempfile.NamedTemporaryFile("w", dir=state.images) as secret:  # readable by its owner only
        secret.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
        secret.flush()
        yield [*options, "--secret", f"id=index,src={secret.name}"]


def run_logged(state: State, name: str, arguments: list[str]) -> None:
    path = state.images / f"{name}.log"
    with path.open("w") as log:
        code = subprocess.run(arguments, stdout=log, stderr=subprocess.STDOUT, env=environment(state)).returncode
    if code != 0:
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-15:])
        raise Refused(f"{name} did not build (all of it in {path}):\n{tail}")


def build(state: State, tag: str, containerfile: Path, base: str) -> None:
    """The stage that has a name of its own in `NAMED_STAGE` is tagged, so that the next build still finds it."""
    name = containerfile.parent.name
    with secret_options(state) as secrets:
        options = ["--isolation", "chroot", "--network", "host", "--layers", "--ignorefile", str(IGNORED), *secrets]
        sources = ["--build-arg", f"BASE_IMAGE={base}", "-f", str(containerfile), str(REPOSITORY)]
        stage = ["--target", NAMED_STAGE, "-t", f"{tag}-{NAMED_STAGE}"]
        run_logged(state, f"{name}-{NAMED_STAGE}", command(state, "bud", *options, *stage, *sources))
        run_logged(state, name, command(state, "bud", *options, "-t", tag, *sources))


def build_base(state: State, tag: str) -> None:
    """A Debian with Python and nothing more, made from its packages: there may be no registry to pull one from."""
    with tempfile.TemporaryDirectory(dir=state.images) as folder:
        archive = Path(folder) / "root.tar"
        run_logged(state, "base", [*BASE_COMMAND, str(archive)])
        containerfile = Path(folder) / "Containerfile"
        containerfile.write_text("FROM scratch\nADD root.tar /\n")
        run_logged(state, "base-image", command(state, "bud", "-t", tag, "-f", str(containerfile), folder))
