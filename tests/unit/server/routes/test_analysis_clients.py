"""The real clients of `imageanalysis:analyze`: today's Azure SDK and curl."""

import json
import pathlib
import subprocess

import pytest
from azure.ai.vision.imageanalysis import ImageAnalysisClient
from azure.ai.vision.imageanalysis.models import VisualFeatures
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from tests.support.server.fixtures import RED
from tests.support.server.images import ImageHost
from tests.support.server.models import draw
from tests.support.server.parts import KEY

BOTH = [VisualFeatures.TAGS, VisualFeatures.OBJECTS]


def _connect(address: str, key: str = KEY) -> ImageAnalysisClient:
    return ImageAnalysisClient(endpoint=address, credential=AzureKeyCredential(key))


def test_azures_sdk_reads_a_classifiers_tags(address: str) -> None:
    found = _connect(address).analyze(RED, BOTH, model_version="classifier")
    assert found.tags is not None
    assert [tag.name for tag in found.tags.list] == ["red", "green", "blue"]
    assert (found.model_version, found.metadata.width, found.metadata.height) == ("v1", 160, 80)


def test_azures_sdk_reads_a_detectors_objects(address: str) -> None:
    found = _connect(address).analyze(draw(("blue", 3, 3)), BOTH, params={"model-name": "detector"})
    assert found.objects is not None
    (thing,) = found.objects.list
    assert (thing.tags[0].name, thing.bounding_box.x, thing.bounding_box.height) == ("blue", 122, 18)
    assert found.tags is None


def test_azures_sdk_sends_an_address(address: str, images: ImageHost) -> None:
    found = _connect(address).analyze_from_url(f"{images.url}/red.png", BOTH, model_version="classifier")
    assert found.tags is not None
    assert found.tags.list[0].name == "red"


def test_azures_sdk_raises_what_is_wrong(address: str) -> None:
    with pytest.raises(HttpResponseError, match="no pre-trained one") as caught:
        _connect(address).analyze(RED, BOTH)
    assert caught.value.error is not None
    assert caught.value.error.code == "InvalidRequest"
    with pytest.raises(ClientAuthenticationError):
        _connect(address, "wrong").analyze(RED, BOTH)


def _curl(address: str, *arguments: str) -> tuple[int, object]:
    url = f"{address}/computervision/imageanalysis:analyze?model-name=classifier&api-version=2023-04-01-preview"
    command = ["curl", "-sS", "-w", "\n%{http_code}", "-H", f"Ocp-Apim-Subscription-Key: {KEY}", *arguments, url]
    answer, _, status = subprocess.run(command, capture_output=True, check=True, timeout=20).stdout.rpartition(b"\n")
    return int(status), json.loads(answer)


def test_curl_sends_an_image_of_megabytes_and_waits_for_leave(address: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "red.bmp").write_bytes(draw(fill="red", size_px=(1000, 1000), form="BMP"))
    status, _ = _curl(address, "-H", "Content-Type: image/jpeg", "--data-binary", f"@{tmp_path}/red.bmp")
    assert status == 200
    status, found = _curl(address, "-F", f"image=@{tmp_path}/red.bmp")
    assert (status, isinstance(found, dict)) == (200, True)


def test_curl_sends_the_body_of_the_tutorials(address: str, images: ImageHost) -> None:
    body = f"{{'url':'{images.url}/red.png',}}"
    assert _curl(address, "-H", "Content-Type: application/json", "-d", body)[0] == 200
    assert _curl(address, "-d", body)[0] == 200
