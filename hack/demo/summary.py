"""The end of the demo: the resources, their scores, where the artifacts are, and a picture of predictions."""

import pathlib
from typing import Final

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import StorageError
from darkroom_storage.objects import Storage, join_uri
from hack.demo.target import NAMESPACE, CommandFailed, Target
from hack.demo.watching import Resource

PICTURE: Final = "predictions.png"
_SCORES: Final = ("accuracyTop1", "meanAveragePrecision50")


def print_summary(target: Target, resources: list[Resource], output: pathlib.Path) -> None:
    """Print what `kubectl get darkroom` shows, the scores and the artifacts; fetch the pictures into `output`."""
    print(f"\n$ kubectl get darkroom -n {NAMESPACE}")
    print(target.kubectl("get", "darkroom", "-n", NAMESPACE))
    print(_describe_scores(resources))
    for resource in resources:
        uri = (resource.status.get("artifacts") or {}).get("uri")
        if uri:
            print(f"{resource.kind}/{resource.name}: {uri}")
    for resource in resources:
        if resource.kind == "Evaluation" and resource.succeeded:
            print(f"picture: {_fetch_picture(target, resource, output)}")


def _describe_scores(resources: list[Resource]) -> str:
    lines = []
    for resource in resources:
        performance = resource.status.get("performance") or {}
        scores = ", ".join(f"{name} {performance[name]:.4f}" for name in _SCORES if name in performance)
        if scores:
            lines.append(f"{resource.kind}/{resource.name}: {scores} ({performance['measuredOn']})")
    return "\n".join(lines)


def _fetch_picture(target: Target, resource: Resource, output: pathlib.Path) -> pathlib.Path:
    folder, path = resource.status["artifacts"]["uri"], output / f"{resource.name}.png"
    output.mkdir(exist_ok=True)
    try:
        open_storage(target).fetch(join_uri(folder, PICTURE), path)
    except StorageError as problem:
        raise CommandFailed(f"{resource.name}: no picture in {folder}: {problem}") from problem
    return path.resolve()


def open_storage(target: Target) -> Storage:
    credentials = {"AWS_ACCESS_KEY_ID": target.access_key, "AWS_SECRET_ACCESS_KEY": target.secret_key}
    return Storage(StorageAccess(endpoint=target.endpoint_from_here, reach=OWN_MACHINE), credentials)
