"""What a stranger may put into a dataset, one case each, with the reason and the words that its user must read.

The one table of hostile input: the tests run it, and `docs/hostile-input.md` is written from it.
"""

import json
import os
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import StorageAccess
from tests.support import hostile_pictures as drawn
from tests.support.coco_builders import Coco, a_scene, an_annotation, an_image
from tests.support.local_storage import LOCAL, a_listing

NUM_IMAGES: Final = 10
SUMMARY: Final = "10 images, 10 annotations, 2 tags"
ANNOTATION_LIMIT: Final = 1 << 30


@dataclass(frozen=True)
class Case:
    """One hostile dataset: `change` edits its document, `text` replaces it, `pictures` replaces files, `arrange` adds.

    `handled` says what becomes of input that is taken; the dataset is then summed up as a good one. `allowed` are
    the endpoints that are listed.
    """

    says: str = SUMMARY
    reason: Reason = Reason.DATASET_CORRUPT
    handled: str = ""
    change: Callable[[Coco], Any] = lambda _: None
    text: bytes | None = None
    pictures: dict[str, bytes] = field(default_factory=dict)
    arrange: Callable[[pathlib.Path], Any] = lambda _: None
    answer: bytes | None = None
    allowed: tuple[str, ...] = ()

    @property
    def access(self) -> StorageAccess:
        """Return how the dataset is reached."""
        return LOCAL.model_copy(update={"reach": a_listing(*self.allowed)})


def a_document() -> Coco:
    """Return ten images with one relative box each."""
    numbers = range(1, NUM_IMAGES + 1)
    return {
        "images": [an_image(number) for number in numbers],
        "annotations": [an_annotation(n, image_id=n, category_id=n % 2 + 1) for n in numbers],
        "categories": [{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}],
    }


def write_case(case: Case, folder: pathlib.Path) -> str:
    """Write the dataset of a case below `folder`; returns the URI of its annotation file."""
    coco = a_document()
    case.change(coco)
    (folder / "images").mkdir(parents=True)
    for number in range(1, NUM_IMAGES + 1):
        (folder / f"images/{number}.png").write_bytes(a_scene(number))
    for name, data in case.pictures.items():
        (folder / name).write_bytes(data)
    (folder / "train.json").write_bytes(json.dumps(coco).encode() if case.text is None else case.text)
    case.arrange(folder)
    return (folder / "train.json").as_uri()


def image(**fields: Any) -> Callable[[Coco], Any]:
    """Return a change of image 2."""
    return lambda coco: coco["images"][1].update(fields)


def annotation(**fields: Any) -> Callable[[Coco], Any]:
    """Return a change of annotation 2."""
    return lambda coco: coco["annotations"][1].update(fields)


def tag(name: Any) -> Callable[[Coco], Any]:
    """Return a change of the second tag's name."""
    return lambda coco: coco["categories"][1].update(name=name)


def address(url: str, says: str, **fields: Any) -> Case:
    """Return a case in which image 2 is at `url`."""
    return Case(says, change=image(absolute_url=url, file_name=None), **fields)


def allowed(url: str, *endpoints: str) -> Case:
    """Return a case in which image 2 is at a private address that is allowed, and is there."""
    data = drawn.encode()
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
    return address(url, SUMMARY, answer=answer, allowed=endpoints, handled="Read: this host is listed")


def picture(data: bytes, says: str = SUMMARY, handled: str = "") -> Case:
    """Return a case in which the file of image 2 holds `data`."""
    return Case(says, pictures={"images/2.png": data}, handled=handled)


def link(target: str) -> Callable[[pathlib.Path], Any]:
    """Return an arrangement in which the file of image 2 is a symbolic link."""

    def arrange(folder: pathlib.Path) -> None:
        (folder / "images/2.png").unlink()
        (folder / "images/2.png").symlink_to(target)

    return arrange


def pipe(folder: pathlib.Path) -> None:
    """Put a pipe that nobody writes to where image 2 should be."""
    (folder / "images/2.png").unlink()
    os.mkfifo(folder / "images/2.png")


def grow(folder: pathlib.Path) -> None:
    """Make the annotation file 2 GiB large; no disk is taken."""
    os.truncate(folder / "train.json", 2 << 30)


def nested(depth: int) -> bytes:
    """Return the document with a field of nested lists."""
    text = json.dumps(a_document())
    return (text[:-1] + ', "extra": ' + "[" * depth + "]" * depth + "}").encode()


def twice(section: str) -> Callable[[Coco], Any]:
    """Return a change that repeats the second entry of a section."""
    return lambda coco: coco[section].append(dict(coco[section][1]))


NAN, INFINITY = float("nan"), float("inf")
REDIRECT: Final = b"HTTP/1.1 302 Found\r\nLocation: https://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
HUGE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n"
PAGE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"

TEXT: Final[dict[str, Case]] = {
    "2 GiB of JSON": Case("at most 1,073,741,824 are read; split it into several annotationFiles", arrange=grow),
    "a field nested 100 levels deep": Case(text=nested(100), handled="Fields that are not COCO's are passed over"),
    "a field nested 100,000 levels deep": Case("is not JSON that can be read", text=nested(100_000)),
    "an entry of 10 MiB": Case("holds an entry of more than 8 MiB", change=annotation(segmentation="0" * (10 << 20))),
    "invalid UTF-8": Case("is not valid utf-8 text at byte 7", text=b'{"a": "\xff"}'),
    "UTF-16 with a mark of byte order": Case(
        text=json.dumps(a_document()).encode("utf-16"), handled="Read as what it is"
    ),
    "half of a character": Case("holds half of a character", change=image(file_name="images/\ud800.png")),
    "a file cut off": Case("is not JSON: Expecting value at line 1, column 13", text=b'{"images": ['),
    "a section twice": Case('"images" occurs twice', text=b'{"images": [], "images": []}'),
    "a list instead of an object": Case("the top level must be an object", text=b"[1]"),
    "a number of 5,000 digits": Case("is not JSON that can be read", text=b'{"images": [' + b"9" * 5000 + b"]}"),
}
ENTRIES: Final[dict[str, Case]] = {
    "an image id twice": Case("image 2: id occurs 2 times; image ids must differ", change=twice("images")),
    "an annotation id twice": Case("annotation 2: id occurs 2 times", change=twice("annotations")),
    "a category id twice": Case("category 2: id occurs 2 times", change=twice("categories")),
    "an unknown image": Case("image_id 99 is not in images; add the image or", change=annotation(image_id=99)),
    "an unknown category": Case("category_id 99 is not in categories", change=annotation(category_id=99)),
    "an id of 2^70": Case("id must be a whole number", change=annotation(id=2**70)),
    "an id that is NaN": Case("id must be a whole number, NaN found", change=annotation(id=NAN)),
    "a box with NaN": Case("holds a number that is not finite", change=annotation(bbox=[NAN, 0, 0.1, 0.1])),
    "a box with Infinity": Case("holds a number that is not finite", change=annotation(bbox=[0, 0, INFINITY, 0.1])),
    "a box with 1e308": Case("reaches outside the image", change=annotation(bbox=[0, 0, 1e308, 0.1])),
    "a negative box": Case("width and height must be more than 0", change=annotation(bbox=[0.5, 0.5, -0.1, 0.1])),
    "a box outside the image": Case("reaches outside the image", change=annotation(bbox=[0.9, 0.9, 0.5, 0.5])),
    "a box that begins left of the image": Case(
        "reaches outside the image", change=annotation(bbox=[-0.5, 0.1, 0.8, 0.1])
    ),
    "a box of text": Case("bbox must be four numbers", change=annotation(bbox=["0", "0", "1", "1"])),
    "a box nested 90 levels deep": Case(
        "bbox must be four numbers", change=annotation(bbox=json.loads("[" * 90 + "]" * 90))
    ),
    "a crowd that is marked with text": Case(change=annotation(iscrowd="yes"), handled="Only 1 marks a crowd"),
    "a tag with NUL": Case("holds a control character", change=tag("pe\0ar")),
    "a tag with a line end": Case("holds a control character", change=tag("pe\nar")),
    "a tag that turns the writing direction": Case("holds a control character", change=tag("pe\u202ear")),
    "a tag in a script from right to left": Case(change=tag("تفاحة"), handled="Kept as it is"),
    "a tag of 300 characters": Case("name has 300 characters, at most 256", change=tag("x" * 300)),
}
NAMES: Final[dict[str, Case]] = {
    "`../` in a name": Case("leaves its folder with ..", change=image(file_name="../../etc/passwd")),
    "`..\\` in a name": Case("leaves its folder with ..", change=image(file_name="a\\..\\..\\b.png")),
    "an absolute name": Case("is absolute; it must be relative to imageRoot", change=image(file_name="/etc/passwd")),
    "a name with a drive": Case("is absolute", change=image(file_name="C:\\boot.ini")),
    "a name with NUL": Case("holds a NUL character", change=image(file_name="images/2.png\0.txt")),
    "a name with an escape sequence": Case("holds the control character", change=image(file_name="\x1b[2J.png")),
    "a name that turns the writing direction": Case("\\u202egnp.2", change=image(file_name="images/\u202egnp.2")),
    "a name of 255 bytes": Case(
        change=image(file_name="n" * 251 + ".png"), pictures={"n" * 251 + ".png": a_scene(2)}, handled="Read"
    ),
    "a name of 256 bytes": Case("more than 255 bytes", change=image(file_name="n" * 252 + ".png")),
    "a name of 10,000 characters": Case("which no storage takes", change=image(file_name="d/" * 5000)),
    "a link to another picture": Case(
        arrange=link("1.png"), says="is the same picture as", handled="Followed: a local folder is its user's own"
    ),
    "a link to a file that is no picture": Case("is not an image in", arrange=link("../train.json")),
    "a link to a device without end": Case("it is a device or a pipe, not a file", arrange=link("/dev/zero")),
    "a link to itself": Case("does not exist: Too many levels of symbolic links", arrange=link("2.png")),
    "a pipe that nobody writes to": Case("it is a device or a pipe, not a file", arrange=pipe),
    "a folder in place of a picture": Case("it is a folder", change=image(file_name="images")),
}
ADDRESSES: Final[dict[str, Case]] = {
    "the metadata service of a cloud": address("https://169.254.169.254/latest/", "which no run may reach"),
    "its number as one integer": address("https://2852039166/", "which no run may reach"),
    "its number inside IPv6": address("https://[::ffff:169.254.169.254]/", "which no run may reach"),
    "a link-local address of IPv6": address("https://[fe80::1]/a.png", "which no run may reach"),
    "a unique local address of IPv6": address("https://[fd00:ec2::254]/a.png", "which no run may reach"),
    "an IPv4-compatible address of IPv6": address("https://[::10.0.0.1]/a.png", "is not a public address"),
    "a site-local address of IPv6": address("https://[fec0::1]/a.png", "is not a public address"),
    "a private address behind NAT64": address("https://[64:ff9b::10.0.0.1]/a.png", "is not a public address"),
    "the cluster's API server": address("https://10.96.0.1/api", "is not a public address"),
    "the cloud platform's own address": address("https://168.63.129.16/a.png", "which no run may reach"),
    "loopback": address("https://127.0.0.1:6443/a.png", "which no run may reach"),
    "a name that resolves to the metadata service": address("https://metadata.test/", "which no run may reach"),
    "a name that resolves to the cluster": address("https://cluster.test/", "is not a public address"),
    "a name with a public and a private address": address("https://mixed.test/a.png", "is not a public address"),
    "a name that nobody has": address("https://nobody.test/a.png", "there is no host nobody.test"),
    "a name that resolves to the cluster and is allowed": allowed("https://cluster.test/", "https://cluster.test"),
    "another private name than the allowed one": address(
        "https://metadata.test/", "which no run may reach", allowed=("https://cluster.test",)
    ),
    "a redirect to the metadata service": address(
        "https://photos.test/a.png", "redirects are not followed", answer=REDIRECT
    ),
    "an answer of 9 GB": address("https://photos.test/a.png", "at most 100,000,000 are read", answer=HUGE),
    "a web page in place of a picture": address("https://photos.test/a.png", "is not an image", answer=PAGE),
    "plain http": address("http://photos.test/a.png", "add http://photos.test/ to urlMappings"),
    "a local file": address("file:///etc/passwd", "cannot be read: add file:"),
    "a scheme of its own": address("gopher://photos.test/a", "add gopher://photos.test/ to urlMappings"),
    "a port that cannot be": address("https://photos.test:99999/a.png", "is not a URL"),
    "a broken IPv6 address": address("https://[::1/a.png", "is not a URL"),
    "no host": address("https:///a.png", "names no host"),
    "a host name of 70 letters without a dot": address(f"https://{'h' * 70}.test/a.png", "is not a host's name"),
    "`..` in disguise": address("https://photos.test/%2e%2e/a.png", "leaves its folder with .."),
}
PICTURES: Final[dict[str, Case]] = {
    "a bomb of 60,000 x 60,000 pixels": picture(drawn.claiming(60_000, 60_000), "is larger than 89,478,485 pixels"),
    "a bomb in a PNG's text": picture(drawn.with_text_bomb(), "is truncated or damaged"),
    "a JPEG of 500 scans": picture(
        drawn.encode(form="JPEG") + b"\xff\xda" * 500, "is a JPEG of 501 scans, at most 200 are read"
    ),
    "a truncated PNG": picture(drawn.encode(size=(400, 400))[:600], "is truncated or damaged"),
    "a truncated JPEG": picture(drawn.encode(form="JPEG")[:-400], "is truncated or damaged"),
    "an empty file": picture(b"", "is empty (0 bytes); upload it again"),
    "a file that is no picture": picture(b"#!/bin/sh\n", "is not an image in JPEG"),
    "a format that is not taken": picture(drawn.encode(form="PPM"), "is not an image in JPEG"),
    "one pixel wide": picture(drawn.encode(size=(1, 50)), "is 1 x 50 pixels; each side must be 10 to 16,000"),
    "one pixel high": picture(drawn.encode(size=(100, 1)), "is 100 x 1 pixels"),
    "17,000 pixels long": picture(drawn.claiming(17_000, 50), "is 17000 x 50 pixels"),
    "an animated GIF": picture(drawn.animated("GIF"), handled="The first picture counts"),
    "an animated WebP": picture(drawn.animated("WEBP"), handled="The first picture counts"),
    "an animated PNG": picture(drawn.animated("PNG"), handled="The first picture counts"),
    "a picture turned by EXIF": picture(drawn.turned(), handled="Turned as viewers do"),
    "CMYK": picture(drawn.encode("CMYK", form="JPEG"), handled="Read as RGB"),
    "16 bits a pixel": picture(drawn.deep_grey(), handled="Read as RGB; the high bits count"),
    "16 bits a channel": picture(drawn.deep_colour(), handled="Read as RGB; the high bits count"),
    "floating point numbers": picture(drawn.floating(0.0, 80.0, 250.0), handled="Read as grey levels"),
    "numbers that are not finite": picture(drawn.floating(NAN, INFINITY, 9.0), handled="Such a pixel counts as black"),
    "a broken EXIF block": picture(drawn.with_broken_exif(), handled="Not turned, as viewers do"),
    "a truncated animation": picture(drawn.animated("GIF")[:-2000], handled="The first picture counts"),
    "transparency": picture(drawn.encode("RGBA"), handled="Read as RGB; transparency is dropped"),
    "a palette": picture(drawn.encode("P"), handled="Read as RGB"),
    "grey with transparency": picture(drawn.encode("LA"), handled="Read as RGB; transparency is dropped"),
    "one bit a pixel": picture(drawn.encode("1"), handled="Read as RGB"),
}
GROUPS: Final = {
    "The text of an annotation file": TEXT,
    "Its entries": ENTRIES,
    "Names of files": NAMES,
    "Addresses of images": ADDRESSES,
    "Pictures": PICTURES,
}
