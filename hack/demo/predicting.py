"""The last act of the demo: an image that no Model has seen, sent to the server's Service with the name of a Model."""

import json
import pathlib
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Final

from hack.demo.installation import find_key
from hack.demo.summary import open_storage
from hack.demo.target import BUCKET, SYSTEM_NAMESPACE, CommandFailed, Target
from hack.demo.watching import Resource

MODEL: Final = "digits"
SERVICE: Final = "darkroom-server"
PORT: Final = 80
IMAGE: Final = f"s3://{BUCKET}/digits/images/eval-0001.png"
_SECONDS: Final = 60


def predict_by_name(target: Target, resources: list[Resource], output: pathlib.Path) -> None:
    """Print what the Model says about one image, and the curl line that asks; nothing where it has not succeeded."""
    if not any(resource.kind == "Model" and resource.name == MODEL and resource.succeeded for resource in resources):
        return
    output.mkdir(exist_ok=True)
    image, key = output / "eval-0001.png", find_key(target) or ""
    open_storage(target).fetch(IMAGE, image)
    query = urllib.parse.urlencode({"api-version": "2023-04-01-preview", "model-name": MODEL})
    with target.reach_service(SERVICE, SYSTEM_NAMESPACE, PORT) as address:
        url = f"{address}/computervision/imageanalysis:analyze?{query}"
        print(
            f"\n$ curl -H 'Ocp-Apim-Subscription-Key: {key}' -H 'Content-Type: image/png'"
            f" --data-binary @{image} '{url}'",
            flush=True,
        )
        best = _ask(url, key, image.read_bytes())["customModelResult"]["tagsResult"]["values"][0]
    print(f"Model {MODEL} says: {best['name']} ({best['confidence']:.1%})", flush=True)


def print_page(target: Target) -> None:
    """Print where the server's page is, and the key that opens it."""
    address = target.describe_service(SERVICE, SYSTEM_NAMESPACE, PORT)
    print(f"\nLook at it all at {address}/ui/ with the key {find_key(target) or ''}", flush=True)


def _ask(url: str, key: str, image: bytes) -> Any:
    headers = {"Ocp-Apim-Subscription-Key": key, "Content-Type": "image/png"}
    request = urllib.request.Request(url, image, headers)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        raise CommandFailed(f"{url}: {refusal.code} {refusal.read().decode(errors='replace')}") from refusal
    except OSError as problem:
        raise CommandFailed(f"{url}: {problem}") from problem
