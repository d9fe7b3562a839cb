"""Debian packages: what the cluster needs, why, and their installation. Must not start any service."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hack.localcluster.progress import Refused, Unsupported, say, step

REASONS = {
    "containerd": "runs the containers",
    "runc": "starts a container for containerd",
    "containernetworking-plugins": "gives each pod its network",
    "etcd-server": "stores the API server's objects",
    "nftables": "carries the rules of Services",
    "iptables": "is called by the kubelet",
    "conntrack": "is called by kube-proxy",
    "iproute2": "makes the pod bridge",
    "openssl": "makes the cluster's certificates",
    "buildah": "builds the images of the operator and the trainer",
    "mmdebstrap": "makes the images' base without an image registry",
    "ca-certificates": "lets a build check whom it downloads from",
}
POLICY = Path("/usr/sbin/policy-rc.d")


def is_installed(package: str) -> bool:
    query = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Abbrev}", package], capture_output=True, text=True)
    return query.stdout.startswith("ii")


def check_machine() -> None:
    if os.geteuid() != 0:
        raise Unsupported("a local cluster needs root: containers, a bridge and Service rules are made")
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        raise Unsupported("a local cluster needs Debian or Ubuntu: containerd, etcd and others come from apt")
    if shutil.which("go") is None:
        raise Unsupported("a local cluster needs Go on PATH: Kubernetes is built from its module")


def missing(reasons: Mapping[str, str]) -> list[str]:
    return [package for package in reasons if not is_installed(package)]


@contextmanager
def services_held() -> Iterator[None]:
    """Keep Debian's scripts from starting a containerd or an etcd of their own."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def ensure_programs(users: str, reasons: Mapping[str, str]) -> None:
    """As `ensure`, for `users` that need no cluster: raises Refused where this machine cannot install packages."""
    if reasons and (os.geteuid() != 0 or shutil.which("apt-get") is None):
        raise Refused(f"{users} miss a program: as root, on Debian, run apt-get install {' '.join(reasons)}")
    ensure(reasons)


def ensure(reasons: Mapping[str, str] = REASONS) -> None:
    """Install those packages of `reasons` that are missing, and say what each is for."""
    wanted = missing(reasons)
    if not wanted:
        return
    for package in wanted:
        say(f"  {package} is missing: it {reasons[package]}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step("apt-get"), services_held():
        subprocess.run(["apt-get", "update", "-qq"], env=environment, stdout=subprocess.DEVNULL)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
        result = subprocess.run(install, env=environment, capture_output=True, text=True)
    if result.returncode != 0:
        raise Refused(f"apt-get could not install {', '.join(wanted)}:\n{result.stderr[-2000:]}")
