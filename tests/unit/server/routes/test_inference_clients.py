"""NVIDIA's own client of the protocol, with its defaults: tensors as bytes, no content type."""

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.support.server.fixtures import RED
from tests.support.server.models import SIZE_PX, draw
from tests.support.server.parts import KEY


def _keyed() -> dict[str, str]:
    """Return headers for one call: the client adds its own to what it is given."""
    return {"Ocp-Apim-Subscription-Key": KEY}


@pytest.fixture(scope="module")
def client(address: str) -> triton.InferenceServerClient:
    return triton.InferenceServerClient(address.removeprefix("http://"))


def _image(picture: bytes, *, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput("image", [1], "BYTES")
    tensor.set_data_from_numpy(np.asarray([picture], dtype=object), binary_data=binary)
    return tensor


def test_it_finds_the_server_and_a_model(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("classifier", headers=_keyed())
    assert client.is_model_ready("classifier", "1", headers=_keyed())
    assert not client.is_model_ready("young", headers=_keyed())
    assert client.get_server_metadata()["name"] == "darkroom"
    assert client.get_model_metadata("classifier", headers=_keyed())["inputs"][0]["name"] == "images"


def test_it_sends_an_image_and_reads_tags(client: triton.InferenceServerClient) -> None:
    found = client.infer("classifier", [_image(RED)], headers=_keyed(), request_id="a")
    assert found.as_numpy("labels").tolist() == ["red", "green", "blue"]
    assert found.as_numpy("scores")[0] > 0.99
    assert found.get_response()["id"] == "a"


def test_it_reads_boxes(client: triton.InferenceServerClient) -> None:
    outputs = [triton.InferRequestedOutput("boxes", binary_data=False), triton.InferRequestedOutput("labels")]
    found = client.infer("detector", [_image(draw(("blue", 1, 1)))], outputs=outputs, headers=_keyed())
    assert found.as_numpy("boxes").tolist() == [[42, 21, 36, 18]]
    assert found.as_numpy("scores") is None


@pytest.mark.parametrize("binary", [True, False])
def test_it_sends_the_networks_own_input(client: triton.InferenceServerClient, binary: bool) -> None:
    images = np.full((4, 3, SIZE_PX, SIZE_PX), 0.25, dtype=np.float32)
    tensor = triton.InferInput("images", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images, binary_data=binary)
    found = client.infer("classifier", [tensor], headers=_keyed()).as_numpy("outputs")
    assert found.shape == (4, 3)
    assert found == pytest.approx(2.5)


def test_it_raises_what_is_wrong(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="there is no Model 'nothing'"):
        client.infer("nothing", [_image(RED)], headers=_keyed())
    with pytest.raises(InferenceServerException, match="access denied"):
        client.infer("classifier", [_image(RED)])
