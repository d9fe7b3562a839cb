"""The routes of photos: the service's own client, both forms of addresses, JPEG and nothing else, and each problem."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cognitive_service_vision_model_customization_python_samples.clients.image_composition_client import (
    ImageCompositionClient,
)
from cognitive_service_vision_model_customization_python_samples.models import (
    ImageRectificationControlPoints,
    ImageRectificationRequest,
    ImageStitchingRequest,
    NormalizedCoordinate,
)
from PIL import Image

from darkroom_server.app import build_app
from darkroom_server.config import FetchLimits, ServerConfig, ShelfLimits
from tests.support.server.images import ImageHost, serving_images
from tests.support.server.parts import KEY, NAMESPACE, some_parts
from tests.support.server.running import Answer, running, send

CORNERS = {
    "topLeft": {"x": 0.25, "y": 0.25},
    "topRight": {"x": 0.75, "y": 0.25},
    "bottomLeft": {"x": 0.25, "y": 0.75},
    "bottomRight": {"x": 0.75, "y": 0.75},
}


def draw_texture(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((720, 480), Image.Resampling.BICUBIC)


def encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def photos() -> Iterator[ImageHost]:
    shelf = draw_texture(0)
    files = {
        "/left.png": encode(shelf.crop((0, 0, 450, 480))),
        "/right.png": encode(shelf.crop((270, 0, 720, 480))),
        "/other.png": encode(draw_texture(1).crop((0, 0, 450, 480))),
        "/page.html": b"<html>",
    }
    with serving_images(files) as host:
        yield host


@pytest.fixture(scope="module")
def server(photos: ImageHost) -> Iterator[str]:
    config = ServerConfig(fetching=FetchLimits(allowed_prefixes=(f"{photos.url}/",)))
    with running(build_app(some_parts(config=config))) as address:
        yield address


def a_client(server: str) -> Any:
    return ImageCompositionClient("multi_service_account", None, f"{server}/some/path", KEY)


def compose(server: str, action: str, body: Any) -> Answer:
    path = f"/computervision/imagecomposition:{action}?api-version=2023-04-01-preview"
    return send(server, path, body, {"Ocp-Apim-Subscription-Key": KEY})


def open_jpeg(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "JPEG"
    return picture


def test_the_services_own_client_has_a_photo_rectified(server: str, photos: ImageHost) -> None:
    corners = [NormalizedCoordinate(x, y) for y in (0.25, 0.75) for x in (0.25, 0.75)]
    request = ImageRectificationRequest(f"{photos.url}/left.png", ImageRectificationControlPoints(*corners))
    assert open_jpeg(a_client(server).rectify_image(request)).size == (225, 240)


def test_the_services_own_client_has_photos_stitched(server: str, photos: ImageHost) -> None:
    request = ImageStitchingRequest([f"{photos.url}/left.png", f"{photos.url}/right.png"])
    width, height = open_jpeg(a_client(server).stitch_images(request)).size
    assert abs(width - 720) <= 2
    assert abs(height - 480) <= 2


def test_addresses_in_objects_are_taken_as_well(server: str, photos: ImageHost) -> None:
    answer = compose(server, "stitch", {"images": [{"url": f"{photos.url}/{name}.png"} for name in ("left", "right")]})
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")


@pytest.mark.parametrize("field", ["controlPoints", "ControlPoints"])
def test_the_wrapper_of_the_public_tool_is_taken(server: str, photos: ImageHost, field: str) -> None:
    body = {"url": f"{photos.url}/left.png", "controlPoints": {field: CORNERS}}
    answer = compose(server, "rectify", body)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")


CROSSED = CORNERS | {"bottomLeft": CORNERS["bottomRight"], "bottomRight": CORNERS["bottomLeft"]}


@pytest.mark.parametrize(
    ("action", "body", "target", "message"),
    [
        ("rectify", {"controlPoints": CORNERS}, "url", "url: it is no address"),
        ("rectify", {"url": "HOST/left.png"}, "controlPoints.topLeft", "it is missing"),
        ("rectify", {"url": "HOST/left.png", "controlPoints": CROSSED}, "controlPoints", "two edges cross"),
        ("rectify", {"url": "HOST/page.html", "controlPoints": CORNERS}, "url", "url: the image is not an image"),
        ("rectify", {"url": "HOST/none.png", "controlPoints": CORNERS}, "url", "answered 404"),
        ("rectify", {"url": "http://127.0.0.1:1/a.png", "controlPoints": CORNERS}, "url", "its host is not public"),
        ("stitch", {"images": "HOST/left.png"}, "images", "it is no list"),
        ("stitch", {"images": ["HOST/left.png"]}, "images", "there are 1; give 2 to 20"),
        ("stitch", {"images": ["HOST/left.png"] * 21}, "images", "there are 21; give 2 to 20"),
        ("stitch", {"images": ["HOST/left.png", 5]}, "images[1]", "it is no address"),
        ("stitch", {"images": ["HOST/left.png", "HOST/none.png"]}, "images[1]", "images[1]: the server there answered"),
        ("stitch", {"images": ["HOST/left.png", "HOST/page.html"]}, "images[1]", "is not an image"),
        ("stitch", {"images": ["HOST/left.png", "HOST/other.png"]}, "images", "images[0] and images[1] do not overlap"),
    ],
)
def test_what_is_wrong_is_400_with_its_field(
    server: str, photos: ImageHost, action: str, body: Any, target: str, message: str
) -> None:
    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("HOST", photos.url)
        return [fill(item) for item in value] if isinstance(value, list) else value

    answer = compose(server, action, {key: fill(value) for key, value in body.items()})
    assert answer.status == 400
    error = answer.json["error"]
    assert error["target"] == target
    assert message in error["message"]


def test_photos_with_too_many_pixels_are_refused_before_the_others_are_fetched(
    server: str, photos: ImageHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom_shelf.composition.photos.MAX_INPUT_PIXELS", 300_000)
    photos.asked.clear()
    addresses = [f"{photos.url}/{name}.png" for name in ("left", "right", "other")]
    answer = compose(server, "stitch", {"images": addresses})
    assert (answer.status, answer.json["error"]["target"]) == (400, "images[1]")
    assert "432,000 pixels, at most 300,000 together" in answer.json["error"]["message"]
    assert len(photos.asked) == 2


def test_photos_wait_in_a_place_of_their_namespace_before_they_are_fetched(photos: ImageHost) -> None:
    limits = FetchLimits(allowed_prefixes=(f"{photos.url}/",))
    parts = some_parts(config=ServerConfig(fetching=limits, shelf=ShelfLimits(threads=1, max_waiting=0)))
    photos.asked.clear()
    body = {"url": f"{photos.url}/left.png", "controlPoints": CORNERS}
    with running(build_app(parts)) as address:
        with parts.shelf_workers.hold_place(NAMESPACE):
            refused = compose(address, "rectify", body)
            wrong = compose(address, "rectify", {**body, "controlPoints": {}})
        assert photos.asked == []
        assert compose(address, "rectify", body).status == 200
    assert (refused.status, refused.headers["retry-after"], wrong.status) == (429, "1", 400)
    assert f"1 requests of namespace {NAMESPACE} are at work or wait" in refused.json["error"]["message"]


def test_without_the_extra_stitching_says_how_to_install_it(
    server: str, photos: ImageHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, "darkroom_shelf.composition.stitching", raising=False)
    monkeypatch.delattr("darkroom_shelf.composition.stitching", raising=False)
    answer = compose(server, "stitch", {"images": [f"{photos.url}/left.png", f"{photos.url}/right.png"]})
    assert (answer.status, answer.json["error"]["code"]) == (501, "NotImplemented")
    assert "pip install 'darkroom[shelf]'" in answer.json["error"]["message"]
