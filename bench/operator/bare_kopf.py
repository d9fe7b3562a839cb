"""The baseline: the least that a kopf operator can do for a Model, one Job and one status, deciding nothing.

`python -m bench.operator.bare_kopf NAMESPACE` with KUBECONFIG; its own requests go by aiohttp, as kopf's do.
"""

import asyncio
import logging
import os
import pathlib
import ssl
import sys
from typing import Any

import aiohttp
import kopf
import yaml

IMAGE = "bench.invalid/trainer:none"


async def main(namespace: str) -> None:
    """Serve one namespace until a signal."""
    logging.basicConfig(level=logging.WARNING)
    server, authority, token = read_login(pathlib.Path(os.environ["KUBECONFIG"]))
    context = ssl.create_default_context(cafile=authority)
    connector = aiohttp.TCPConnector(ssl=context)
    headers = {"Authorization": f"Bearer {token}"}
    registry = kopf.OperatorRegistry()
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    async with aiohttp.ClientSession(server, connector=connector, headers=headers) as session:

        async def login(**_: Any) -> kopf.ConnectionInfo:
            return kopf.ConnectionInfo(server=server, ca_path=authority, scheme="Bearer", token=token)

        async def handle(event: Any, **_: Any) -> None:
            await serve(session, namespace, event["object"])

        kopf.on.login(registry=registry)(login)
        kopf.on.event("darkroom.dev", "v1alpha1", "models", registry=registry)(handle)
        await kopf.operator(registry=registry, settings=settings, standalone=True, namespaces=[namespace])


async def serve(session: aiohttp.ClientSession, namespace: str, model: Any) -> None:
    """Create the Job and write the status of a Model that has none yet."""
    if model.get("status"):
        return
    name = model["metadata"]["name"]
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    async with session.post(jobs, json=build_job(model["metadata"])) as answer:
        answer.raise_for_status()
    status = {"status": {"phase": "Queued", "reason": "Scheduling", "observedGeneration": 1}}
    models = f"/apis/darkroom.dev/v1alpha1/namespaces/{namespace}/models/{name}/status"
    async with session.patch(models, json=status, headers={"Content-Type": "application/merge-patch+json"}) as answer:
        answer.raise_for_status()


def build_job(owner: dict[str, Any]) -> dict[str, Any]:
    """Return a Job of a Model, suspended, so that no node takes it."""
    reference = {"apiVersion": "darkroom.dev/v1alpha1", "kind": "Model", "name": owner["name"], "uid": owner["uid"]}
    pod = {"restartPolicy": "Never", "containers": [{"name": "trainer", "image": IMAGE}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{owner['name']}-1", "ownerReferences": [reference]},
        "spec": {"suspend": True, "template": {"spec": pod}},
    }


def read_login(path: pathlib.Path) -> tuple[str, str, str]:
    """Return server, certificate authority and token of a kubeconfig."""
    config = yaml.safe_load(path.read_text())
    cluster = config["clusters"][0]["cluster"]
    return cluster["server"], cluster["certificate-authority"], config["users"][0]["user"]["token"]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
