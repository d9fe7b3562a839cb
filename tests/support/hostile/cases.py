"""What a stranger may put into a dataset, one case each, with the reason and the words that its user must read.

The table of hostile input, with `names.py`: the tests run it, `docs/hostile-input.md` is written from it.
"""

import json
import os
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.dataset import AnnotationFormat, UrlMapping
from darkroom_storage.local_files import to_path
from tests.local_storage import LOCAL, a_listing
from tests.support.coco_builders import Coco, a_scene, a_source, an_annotation, an_image
from tests.support.hostile import pictures as drawn

NUM_IMAGES: Final = 10
SUMMARY: Final = "10 images, 10 annotations, 2 tags"
ANNOTATION_LIMIT: Final = 1 << 30


@dataclass(frozen=True)
class Case:
    """One hostile dataset: `change` edits its document, `text` replaces it, `pictures` replaces files, `arrange` adds.

    `handled` says what becomes of input that is taken; the dataset is then summed up as a good one. `allowed` are
    the endpoints that are listed; `mapped_from` is a beginning of addresses that is mapped to the dataset's folder.
    `on_volume` makes the folder the root of a claim.
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
    mapped_from: str = ""
    kind: str = "imageObjectDetection"
    on_volume: bool = False
    other: tuple[AnnotationFormat, str] | None = None
    """Another format, and what `annotationFiles` names then, below the folder."""

    def get_source(self, uri: str) -> DatasetSource:
        """Return the dataset of an annotation file."""
        folder = uri.removesuffix("train.json")
        mappings = [UrlMapping(from_prefix=self.mapped_from, to_prefix=folder)] if self.mapped_from else []
        access = LOCAL.model_copy(update={"reach": a_listing(*self.allowed)})
        if self.on_volume:
            root = str(to_path(folder))
            access, uri = access.model_copy(update={"volume_claim": "photos", "volume_dir": root}), "volume:train.json"
        source = a_source(uri, storage=access, kind=self.kind, url_mappings=tuple(mappings))
        if self.other is None:
            return source
        form, name = self.other
        return source.model_copy(update={"format": form, "annotation_files": (f"{folder}{name}",)})


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


def one_tag(coco: Coco) -> None:
    """Leave one tag, for all images."""
    coco["categories"].pop()
    mark_all(category_id=1)(coco)


def declare(name: str, *boxes: list[float]) -> Callable[[Coco], Any]:
    """Return a change that declares a form of boxes, and writes them all in it."""
    return lambda coco: coco.update(bbox_format=name) or [every_box(box)(coco) for box in boxes]


def every_box(box: list[float]) -> Callable[[Coco], Any]:
    """Return a change of every box."""
    return lambda coco: [entry.update(bbox=box) for entry in coco["annotations"]]


def in_pixels(box: list[float], **fields: Any) -> Callable[[Coco], Any]:
    """Return a change to boxes in pixels, of which that of annotation 2 is `box`."""
    return lambda coco: every_box([10, 10, 30, 20])(coco) and annotation(bbox=box, **fields)(coco)


def large(coco: Coco) -> None:
    """Declare images of 640 x 480 pixels, with boxes between 0 and 100."""
    for entry in coco["images"]:
        entry.update(width=640, height=480)
    every_box([10, 20, 30, 40])(coco)


def rename_image(number: Any) -> Callable[[Coco], Any]:
    """Return a change of the id of image 2, wherever it stands."""
    return lambda coco: image(id=number)(coco) or annotation(image_id=number)(coco)


def mark_all(**fields: Any) -> Callable[[Coco], Any]:
    """Return a change of every annotation."""
    return lambda coco: [entry.update(fields) for entry in coco["annotations"]]


def add_group(coco: Coco) -> None:
    """Add an empty category that the others name as their supercategory."""
    for entry in coco["categories"]:
        entry["supercategory"] = "fruit"
    coco["categories"].append({"id": 0, "name": "fruit", "supercategory": "none"})


def add_entry(**fields: Any) -> Callable[[Coco], Any]:
    """Return a change that adds an entry for the file of image 2, with a box of its own, all in pixels."""

    def change(coco: Coco) -> None:
        every_box([10, 10, 30, 20])(coco)
        coco["images"].append(an_image(11, file_name="images/2.png", **fields))
        coco["annotations"].append(an_annotation(11, image_id=11, bbox=[50, 20, 30, 20]))

    return change


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


LARGE: Final = {f"images/{number}.png": a_scene(number, 640, 480) for number in range(1, NUM_IMAGES + 1)}
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
    "an id of 2^70": Case(change=annotation(id=2**70), handled="Kept as it is, up to 256 bits"),
    "an id of 2^300": Case("id must be a whole number or text", change=annotation(id=2**300)),
    "an id that is NaN": Case("id must be a whole number or text, NaN found", change=annotation(id=NAN)),
    "an id that is text": Case(change=annotation(id="a-2"), handled="Kept as it is"),
    "an image_id in quotes": Case(change=annotation(image_id="2"), handled="Read as the number that it can only be"),
    "ids of 128 bits": Case(change=rename_image(2**127 + 5), handled="Kept as they are"),
    "names of pictures as ids": Case(change=rename_image("images/2.png"), handled="Kept as they are"),
    "a number and its digits as two ids": Case("image 1: id occurs 2 times", change=image(id="1")),
    "a box with NaN": Case("holds a number that is not finite", change=annotation(bbox=[NAN, 0, 0.1, 0.1])),
    "a box with Infinity": Case("holds a number that is not finite", change=annotation(bbox=[0, 0, INFINITY, 0.1])),
    "a box with 1e308": Case("reaches outside the image", change=annotation(bbox=[0, 0, 1e308, 0.1])),
    "a negative box": Case("width and height must be more than 0", change=annotation(bbox=[0.5, 0.5, -0.1, 0.1])),
    "a box one pixel over the edge": Case(
        "1 of 10 annotations reach over the edge by up to a pixel",
        change=in_pixels([71, 10, 30, 30]),
        handled="Cut at the edge, with advice",
    ),
    "a box two pixels over the edge": Case("reaches outside the image", change=in_pixels([72, 10, 30, 30])),
    "a box of which nothing is inside": Case("reaches outside the image", change=in_pixels([100, 10, 1, 10])),
    "`bbox_format` of corners": Case(change=declare("ltrb", [0.1, 0.2, 0.4, 0.6]), handled="Followed"),
    "`bbox_format` of percent": Case(change=declare("ltwh_percent", [10, 20, 30, 40]), handled="Followed"),
    "`bbox_format` that is not known": Case('declares bbox_format "xywha", which is not', change=declare("xywha")),
    "corners that nothing declares": Case(
        "and none does as [left, top, right, bottom]; declare", change=every_box([60, 10, 90, 40])
    ),
    "percent that nothing declares": Case("so they look like percent; declare", change=large, pictures=LARGE),
    "a box that is turned (`attributes.rotation`)": Case(
        "1 of 10 annotations are turned",
        change=in_pixels([40, 20, 20, 10], attributes={"rotation": 90}),
        handled="The box around the turned one is taken, with advice",
    ),
    "an angle that nobody explains": Case(
        "have an angle that is not applied", change=annotation(angle=0.7), handled="Not applied, with advice"
    ),
    "a polygon without a box": Case(
        "have no bbox: the box around their polygon is taken",
        change=annotation(bbox=None, segmentation=[[10, 10, 40, 10, 40, 30]]),
        handled="The box around it is taken, with advice",
    ),
    "a mask of runs without a box": Case(
        "has no bbox; object detection needs [left, top, width, height], or a polygon",
        change=annotation(bbox=None, segmentation={"counts": [5, 5], "size": [50, 100]}),
    ),
    "a box outside the image": Case("reaches outside the image", change=annotation(bbox=[0.9, 0.9, 0.5, 0.5])),
    "a box that begins left of the image": Case(
        "reaches outside the image", change=annotation(bbox=[-0.5, 0.1, 0.8, 0.1])
    ),
    "a box of text": Case("bbox must be four numbers", change=annotation(bbox=["0", "0", "1", "1"])),
    "a box nested 90 levels deep": Case(
        "bbox must be four numbers", change=annotation(bbox=json.loads("[" * 90 + "]" * 90))
    ),
    "a crowd that is marked with text": Case(change=annotation(iscrowd="yes"), handled="Only 1 marks a crowd"),
    "a crowd among objects": Case(
        "1 of 10 annotations are marked as crowds", change=annotation(iscrowd=1), handled="Not learned, with advice"
    ),
    "crowds alone": Case("all 10 annotations are marked as crowds (iscrowd 1)", change=mark_all(iscrowd=1)),
    "an empty category that others name as supercategory": Case(
        SUMMARY, change=add_group, handled="It is their group and no tag, with advice"
    ),
    "one tag with images, for a classifier": Case(
        "a classifier needs two tags that have images", change=one_tag, kind="imageClassification"
    ),
    "tags that differ by case": Case(
        "category 'apple' differs from 'Apple' by case", change=tag("Apple"), handled="Learned as two, with advice"
    ),
    "tags that differ by a blank": Case(
        "category 'apple' differs from 'apple ' by case, blanks", change=tag("apple "), handled="The same"
    ),
    "a tag with Markdown and HTML in it": Case(
        change=tag("[a](https://x) <img src=x>|"), handled="Kept as it is, and without effect in card.md and the report"
    ),
    "two entries of one file": Case(
        "10 images, 11 annotations, 2 tags", change=add_entry(), handled="Read as one image, with advice"
    ),
    "two entries of one file that differ in size": Case(
        "is the same file as train.json image 2 (images/2.png) but is declared as 90 x 50, there as 100 x 50",
        change=add_entry(width=90),
    ),
    "a tag with NUL": Case("holds a control character", change=tag("pe\0ar")),
    "a tag with a line end": Case("holds a control character", change=tag("pe\nar")),
    "a tag that turns the writing direction": Case("holds a control character", change=tag("pe\u202ear")),
    "a tag in a script from right to left": Case(change=tag("تفاحة"), handled="Kept as it is"),
    "a tag of 300 characters": Case("name has 300 characters, at most 256", change=tag("x" * 300)),
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
    "a local file": address("file:///etc/passwd", "is a local file: darkroom run reads it below the manifest's folder"),
    "a local file by a relative address": address("file:../../etc/passwd", "is a local file"),
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
