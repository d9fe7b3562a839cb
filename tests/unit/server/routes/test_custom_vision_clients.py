"""Custom Vision's own Python SDK, with images above the megabyte at which usual form parsers give up."""

import io
from typing import Any

import pytest
from azure.cognitiveservices.vision.customvision.prediction import CustomVisionPredictionClient
from azure.cognitiveservices.vision.customvision.prediction.models import CustomVisionErrorException
from msrest.authentication import ApiKeyCredentials

from tests.support.server.images import ImageHost
from tests.support.server.models import draw
from tests.support.server.parts import KEY

PROJECT = "f1c3a0de-52a5-4f0c-a4c3-5b1f6cf40b2e"
LARGE = draw(fill="blue", size_px=(1000, 1000), form="BMP")


@pytest.fixture(scope="module")
def client(address: str) -> Any:
    connect: Any = CustomVisionPredictionClient  # it has no types
    return connect(address, ApiKeyCredentials(in_headers={"Prediction-key": KEY}))


def test_it_classifies_bytes_of_three_megabytes(client: Any) -> None:
    assert len(LARGE) > 3_000_000
    found = client.classify_image(PROJECT, "classifier", LARGE)
    assert found.predictions[0].tag_name == "blue"
    assert found.created.year >= 2026


def test_it_classifies_a_file_without_keeping_it(client: Any) -> None:
    found = client.classify_image_with_no_store(PROJECT, "classifier", io.BytesIO(LARGE), application="shop")
    assert found.predictions[0].tag_name == "blue"


def test_it_detects(client: Any) -> None:
    picture = draw(("red", 0, 3), size_px=(800, 800), form="BMP")
    (found,) = client.detect_image(PROJECT, "detector", picture).predictions
    assert (found.tag_name, round(found.bounding_box.top, 2)) == ("red", 0.76)


def test_it_sends_an_address(client: Any, images: ImageHost) -> None:
    found = client.classify_image_url(PROJECT, "classifier", url=f"{images.url}/red.png")
    assert found.predictions[0].tag_name == "red"
    assert client.detect_image_url_with_no_store(PROJECT, "detector", url=f"{images.url}/red.png").predictions


def test_it_raises_what_is_wrong(client: Any) -> None:
    with pytest.raises(CustomVisionErrorException) as caught:
        client.classify_image(PROJECT, "nothing", LARGE)
    assert caught.value.error is not None
    assert caught.value.error.code == "NotFoundIteration"
