"""What a file is called that is not what it should be; its bytes are never shown."""

import io
import json

import pytest
from PIL import Image

from darkroom_trainer.data.file_types import describe_annotations, describe_picture
from tests.support.hostile import pictures as drawn


def a_picture(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20)).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(
            drawn.media(b"heic", b"mif1"), "it is a HEIC picture; save it as JPEG or PNG", id="HEIC of a phone"
        ),
        pytest.param(
            drawn.media(b"mif1", b"heic"), "it is a HEIC picture; save it as JPEG or PNG", id="HEIC by another brand"
        ),
        pytest.param(drawn.media(b"avif"), "it is an AVIF picture; save it as JPEG or PNG", id="AVIF"),
        pytest.param(drawn.media(b"isom"), "it is a video; save it as JPEG or PNG", id="a video"),
        pytest.param(
            drawn.tiff(5, 8), "it is a TIFF of 5 bands of 8 bits, a kind that is not read", id="a TIFF of 5 bands"
        ),
        pytest.param(drawn.tiff(4, 12, ">"), "a TIFF of 4 bands of 12 bits", id="a TIFF in the other order of bytes"),
        pytest.param(drawn.tiff(5, 8)[:30], "it is a damaged TIFF", id="a TIFF cut off"),
        pytest.param(drawn.zipped(), "it is a zip archive; unpack it", id="a zip"),
        pytest.param(b"\x1f\x8b\x08" + bytes(20), "it is a gzip archive; unpack it", id="gzip"),
        pytest.param(a_picture("PPM"), "it is a PNM picture; save it as JPEG or PNG", id="PNM"),
        pytest.param(b"%PDF-1.7 ...", "it is a PDF document; save it as JPEG or PNG", id="PDF"),
        pytest.param(b"8BPS" + bytes(30), "it is a Photoshop file", id="Photoshop"),
        pytest.param(b"<!DOCTYPE html><html>", "it is a web page; give the address of the file itself", id="a page"),
        pytest.param(b'<?xml version="1.0"?><svg xmlns="">', "it is an SVG drawing", id="SVG"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "fetch it with git lfs pull", id="Git LFS"),
        pytest.param(
            b"aws_secret_access_key = hunter2", "it is text; upload the picture", id="text, which may be secret"
        ),
        pytest.param(b"\x00\x01\x02\x03 hunter2", "it is of a kind that is not known", id="anything else"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, says: str) -> None:
    described = describe_picture(data)
    assert says in described
    assert "hunter2" not in described


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param('{"image_url": "a"}\n{"image_url": "b"}\n', "JSON Lines, one object a line", id="JSON Lines"),
        pytest.param('\ufeff{"a": 1}\r\n\r\n{"a": 2}', "JSON Lines", id="JSON Lines of Windows"),
        pytest.param(
            "0 0.5 0.5 0.2 0.1\n1 0.25 0.5 0.1 0.1\n", "a file of YOLO labels, one box a line", id="YOLO boxes"
        ),
        pytest.param("3 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2", "a file of YOLO labels", id="YOLO polygons"),
        pytest.param(
            "path: ../shop\ntrain: images\nnames:\n  0: cat\n", "the index of a YOLO dataset", id="YOLO's YAML"
        ),
        pytest.param("<annotation><folder>VOC</folder>", "a file of Pascal VOC (XML)", id="VOC"),
        pytest.param('<?xml version="1.0"?>\n<annotations>', "XML of CVAT's own", id="XML of a tool"),
        pytest.param("<html><body>Sign in", "it is a web page", id="a page to sign in"),
        pytest.param("version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS", id="Git LFS"),
    ],
)
def test_annotations_in_another_form_are_named(text: str, says: str) -> None:
    described = describe_annotations(text.encode())
    assert described is not None
    assert described.startswith("is not a COCO file: it is ")
    assert says in described


@pytest.mark.parametrize("data", [drawn.zipped(), a_picture("JPEG")])
def test_another_file_in_place_of_annotations_is_named(data: bytes) -> None:
    assert "is not a COCO file: it is a" in str(describe_annotations(data))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps({"images": []}), id="COCO"),
        pytest.param('{\n"images": [}', id="COCO with a mistake"),
        pytest.param('{"images": [\n{"id": 1},\n{"id" 2}]}', id="a mistake further down"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param("", id="nothing"),
        pytest.param("hello", id="text"),
        pytest.param('{"a": ' + "[" * 5000 + "\n{", id="nested deep"),
    ],
)
def test_what_may_be_json_keeps_its_own_words(text: str) -> None:
    assert describe_annotations(text.encode()) is None
