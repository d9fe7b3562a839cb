"""A kubeconfig with a token."""

import pathlib

import yaml


def write_kubeconfig(path: pathlib.Path, port: int, authority: pathlib.Path, token: str) -> None:
    """Write the administrator's kubeconfig."""
    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority": str(authority),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "bench", "cluster": cluster}],
        "users": [{"name": "bench", "user": {"token": token}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "current-context": "bench",
    }
    path.write_text(yaml.safe_dump(config))
