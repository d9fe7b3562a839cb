"""The same manifests without a cluster, where none can be had."""

import subprocess


def run_without_cluster() -> int:
    """Run the local examples in one process; returns the exit code."""
    return subprocess.run(["make", "local"], check=False).returncode
