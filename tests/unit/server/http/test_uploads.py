"""Which part of a form is the image, and which address a JSON body names."""

import pytest

from darkroom_server.http import uploads
from darkroom_server.http.problems import Problem


def _form(*parts: tuple[str, bytes]) -> bytes:
    head = b"--b\r\nContent-Disposition: form-data; "
    return b"".join(head + of.encode() + b"\r\n\r\n" + data + b"\r\n" for of, data in parts) + b"--b--\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([("name=imageData", b"image")], id="Custom Vision's part, without a file name"),
        pytest.param([("name=a", b"text"), ("name=ImageData", b"image")], id="the same, after a field"),
        pytest.param([("name=a", b"text"), ("name=b; filename=c.png", b"image")], id="a file after a field"),
        pytest.param([("name=f; filename=a", b"file"), ("name=imageData", b"image")], id="the name before a file"),
        pytest.param([("name=a", b"image"), ("name=b", b"text")], id="the first of fields alone"),
    ],
)
def test_the_image_of_a_form_is_the_part_called_so_else_the_first_file(parts: list[tuple[str, bytes]]) -> None:
    assert uploads.find_form_image(_form(*parts), "multipart/form-data; boundary=b") == b"image"


def test_bytes_stay_as_they_are_however_many() -> None:
    image = bytes(range(256)) * 20_000
    assert uploads.find_form_image(_form(("name=imageData", image)), 'multipart/form-data; boundary="b"') == image


def test_a_form_of_many_parts_is_refused() -> None:
    with pytest.raises(Problem, match="cannot be read"):
        uploads.find_form_image(_form(*[("name=a", b"")] * 30), "multipart/form-data; boundary=b")


@pytest.mark.parametrize(
    "body", [b'{"url": "http://a/b"}', b'{"Url": "http://a/b", "x": 1}', b"{'URL': 'http://a/b',}"]
)
def test_the_address_is_found_under_its_name_in_any_case(body: bytes) -> None:
    assert uploads.find_url(body) == "http://a/b"


@pytest.mark.parametrize("body", [b"{}", b'{"url": ""}', b'{"url": 1}', b'{"url": ["a"]}'])
def test_a_body_without_an_address_is_refused(body: bytes) -> None:
    with pytest.raises(Problem, match="names no address"):
        uploads.find_url(body)
