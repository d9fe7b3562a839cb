"""The baseline: the least that a kopf operator can do for a Model, one Job and one status, deciding nothing.

`python -m bench.operator.bare_kopf NAMESPACE [OBJECTS]` with KUBECONFIG; its own requests go by aiohttp, as kopf's do.
Both objects are as small as the API server takes them, or, from the file OBJECTS, as large as Darkroom's.
"""

import asyncio
import json
import logging
import os
import pathlib
import ssl
import sys
from typing import Any

import aiohttp
import kopf
import yaml

from bench.operator.objects import SMALLEST, Objects

JOB_TYPE, STATUS_TYPE = ({"Content-Type": f"application/{name}json"} for name in ("", "merge-patch+"))


async def main(namespace: str, objects: Objects) -> None:
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
            await serve(session, namespace, objects, event["object"])

        kopf.on.login(registry=registry)(login)
        kopf.on.event("darkroom.dev", "v1alpha1", "models", registry=registry)(handle)
        await kopf.operator(registry=registry, settings=settings, standalone=True, namespaces=[namespace])


async def serve(session: aiohttp.ClientSession, namespace: str, objects: Objects, model: Any) -> None:
    """Create the Job and write the status of a Model that has none yet."""
    if model.get("status"):
        return
    name = model["metadata"]["name"]
    written = objects.fill(name, model["metadata"]["uid"])
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    async with session.post(jobs, data=written.job, headers=JOB_TYPE) as answer:
        answer.raise_for_status()
    models = f"/apis/darkroom.dev/v1alpha1/namespaces/{namespace}/models/{name}/status"
    async with session.patch(models, data=written.status, headers=STATUS_TYPE) as answer:
        answer.raise_for_status()


def read_login(path: pathlib.Path) -> tuple[str, str, str]:
    """Return server, certificate authority and token of a kubeconfig."""
    config = yaml.safe_load(path.read_text())
    cluster = config["clusters"][0]["cluster"]
    return cluster["server"], cluster["certificate-authority"], config["users"][0]["user"]["token"]


if __name__ == "__main__":
    files = [pathlib.Path(name) for name in sys.argv[2:]]
    asyncio.run(main(sys.argv[1], Objects(**json.loads(files[0].read_text())) if files else SMALLEST))
