"""What a product recognizer says of an image, as the result of a run. Must not do: any I/O."""

from typing import Any

from darkroom_predict.answers import build_answer
from darkroom_predict.gaps import GAP_NAME
from darkroom_server.prediction.looking import Seen
from darkroom_shelf.detections import ANY_PRODUCT


def build_result(seen: Seen, *, is_named: bool) -> dict[str, Any]:
    """Return the products and gaps of an image; without their names, as the service's built-in model tells them."""
    described = seen.description
    size = (seen.size.width, seen.size.height)
    found = build_answer(described.task, seen.prediction, described.labels, size, described.version)["result"]
    return {
        "imageMetadata": found["imageMetadata"],
        "products": [
            product if is_named else {**product, "tags": _rename(product, ANY_PRODUCT)} for product in found["products"]
        ],
        "gaps": [{**gap, "tags": _rename(gap, GAP_NAME)} for gap in found["gaps"]],
    }


def _rename(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [{**found["tags"][0], "name": name}]
