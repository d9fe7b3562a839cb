"""What a stranger may give as a name, in place of a COCO file or of a picture, as a mapping or a token: one case each.

Owns all groups of cases, too, in the order of their page.
"""

import os
import pathlib
from collections.abc import Callable
from typing import Any, Final

from darkroom_api.conditions import Reason
from tests.support.coco_builders import a_scene
from tests.support.hostile import pictures as drawn
from tests.support.hostile.cases import (
    ADDRESSES,
    ENTRIES,
    PICTURES,
    TEXT,
    Case,
    address,
    annotation,
    every_box,
    image,
    picture,
)
from tests.support.hostile.formats import OTHER_FORMATS
from tests.support.hostile.volumes import VOLUMES

CLOSED: Final = b"HTTP/1.1 409 Public access is not permitted on this storage account.\r\nContent-Length: 0\r\n\r\n"
MISSING: Final = Reason.DATASET_NOT_FOUND


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


def sorted_folders(folder: pathlib.Path) -> None:
    """Put a folder of pictures for each tag where the annotation file should be."""
    (folder / "train.json").unlink()
    for tag in ("apple", "pear"):
        (folder / "train.json" / tag).mkdir(parents=True)
        (folder / "train.json" / tag / "1.png").write_bytes(a_scene(1))


def misspelled(name: str) -> Any:
    """Return an arrangement in which the annotation file has another name than the Dataset says."""
    return lambda folder: (folder / "train.json").rename(folder / name)


def swapped_sizes(coco: Any) -> None:
    """Declare the sides of image 2 as before the turn by its EXIF block, and its box as it is shown."""
    every_box([10, 10, 30, 20])(coco)
    annotation(bbox=[10, 60, 20, 30])(coco)


def mapped(beginning: str, handled: str, **fields: str) -> Case:
    """Return a case in which a mapping of `beginning` leads to image 2."""
    return Case(change=image(**{"file_name": "elsewhere.png", **fields}), mapped_from=beginning, handled=handled)


NAMES: Final[dict[str, Case]] = {
    "`../` in a name": Case("leaves its folder with ..", change=image(file_name="../../etc/passwd")),
    "`..\\` in a name": Case("leaves its folder with ..", change=image(file_name="a\\..\\..\\b.png")),
    "`%2e%2e/` in a name": Case("leaves its folder with ..", change=image(file_name="%2e%2e/%2e%2e/etc/passwd")),
    "`%252e%252e/` in a name": Case("leaves its folder with ..", change=image(file_name="%252e%252e/etc/passwd")),
    "a name encoded over and over": Case(
        "is percent-encoded several times over", change=image(file_name="%" + "25" * 99 + "2e")
    ),
    "NUL in disguise": Case("holds a NUL character", change=image(file_name="images/2.png%00.txt")),
    "`./` and `//` in a name": Case(change=image(file_name=".//images/./2.png"), handled="Read: they mean nothing"),
    "the separators of Windows": Case(change=image(file_name="images\\2.png"), handled="Read as `/`"),
    "a name that is percent-encoded": Case(change=image(file_name="images%2F2%2Epng"), handled="Read decoded"),
    "a name in the other Unicode form": Case(
        change=image(file_name="images/e\u0301.png"), pictures={"images/\xe9.png": a_scene(2)}, handled="Read"
    ),
    "blanks, `#` and `?` in a name": Case(
        change=image(file_name="my a#1?.png"), pictures={"my a#1?.png": a_scene(2)}, handled="Read as they are"
    ),
    "a name that lacks its blank": Case(
        "but 'my a.png' does", change=image(file_name="mya.png"), pictures={"my a.png": a_scene(2)}
    ),
    "another ending": Case("but '2.png' does; fix the ending", change=image(file_name="images/2.jpeg")),
    "a picture in another folder": Case("is there", change=image(file_name="elsewhere/2.png")),
    "an entry of a zip": Case("pictures inside an archive are not read", change=image(file_name="a.zip@2.png")),
    "a name in capital letters": Case("but '2.png' does: capital", change=image(file_name="images/2.PNG")),
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
FORMATS: Final[dict[str, Case]] = {
    "JSON Lines": Case("it is JSON Lines, one object a line", text=b'{"image": "a.png"}\n{"image": "b.png"}\n'),
    "a zip": Case("it is a zip archive; unpack it", text=drawn.zipped()),
    "a file of YOLO": Case("a file of YOLO labels, one box a line", text=b"0 0.5 0.5 0.2 0.1\n1 0.2 0.5 0.1 0.1\n"),
    "the index of a YOLO dataset": Case("the index of a YOLO dataset", text=b"train: images\nnames:\n  0: cat\n"),
    "a file of Pascal VOC": Case("a file of Pascal VOC (XML)", text=b"<annotation><folder>VOC</folder></annotation>"),
    "a page to sign in": Case("it is a web page", text=b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    "a pointer of Git LFS": Case("git lfs pull", text=b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
    "a picture": Case("is not a COCO file", text=a_scene(1)),
    "a folder of pictures for each tag": Case("is a folder; annotationFiles", MISSING, arrange=sorted_folders),
    "a file whose name differs by case": Case("but 'Train.json' does", MISSING, arrange=misspelled("Train.json")),
}
PICTURE_FORMATS: Final[dict[str, Case]] = {
    "HEIC": picture(drawn.media(b"heic", b"mif1"), "it is a HEIC picture; save it as JPEG or PNG"),
    "AVIF": picture(drawn.media(b"avif"), "it is an AVIF picture; save it as JPEG or PNG"),
    "a video": picture(drawn.media(b"isom"), "it is a video"),
    "a TIFF of 5 bands": picture(drawn.tiff(5, 8), "it is a TIFF of 5 bands of 8 bits, a kind that is not read"),
    "a zip in place of a picture": picture(drawn.zipped(), "it is a zip archive; unpack it"),
    "a PDF document": picture(b"%PDF-1.7 ...", "it is a PDF document"),
    "a text that may be secret": picture(b"aws_secret_access_key = hunter2", "it is text; upload the picture"),
    "sides that are declared as before the turn by EXIF": Case(
        "its EXIF block turns it, and width and height are those before",
        change=swapped_sizes,
        pictures={"images/2.png": drawn.turned()},
    ),
    "a plain picture that has a box": Case(
        "1 blurry", pictures={"images/2.png": drawn.plain()}, handled="Never called blank"
    ),
}
MAPPINGS: Final[dict[str, Case]] = {
    "a path of a labelling tool that is mapped": mapped(
        "../../upload/7/", "Read: mappings apply to file_name, too", file_name="../../upload/7/images/2.png"
    ),
    "a path of Windows that is mapped": mapped("D:\\out\\", "Read", file_name="D:\\out\\images\\2.png"),
    "a percent-encoded URL that is mapped": mapped(
        "https://photos.test/shop/", "Read decoded", absolute_url="https://photos.test/shop/images%2F2.png?sig=s"
    ),
    "a mapped address beside one that is not": mapped(
        "store://x/",
        "The mapped one counts, whichever field it is in",
        absolute_url="https://photos.test/a.png",
        coco_url="store://x/images/2.png",
    ),
    "a mapped address that climbs out of its folder": Case(
        "leaves its folder with ..", change=image(file_name="/upload/%2e%2e/%2e%2e/etc/passwd"), mapped_from="/upload/"
    ),
    "a mapped address that holds another one": Case(
        "does not exist", change=image(file_name="/upload/file:///etc/passwd"), mapped_from="/upload/"
    ),
}
TOKENS: Final[dict[str, Case]] = {
    "a container that is not public, without a token": address(
        "https://photos.test/a.png", "into the key SAS_URL of the Secret", answer=CLOSED
    ),
    "a token in an address that cannot be read": address("http://photos.test/a.png?sig=hunter2", "cannot be read"),
    "a user name and a password": address("https://me:hunter2@photos.test/a.png", "a user name or a password"),
}
GROUPS: Final = {
    "The text of an annotation file": TEXT,
    "Other files in place of a COCO file": FORMATS,
    "Its entries": ENTRIES,
    "Names of files": NAMES,
    "Addresses of images": ADDRESSES,
    "Addresses that `urlMappings` change": MAPPINGS,
    "Tokens and passwords in addresses": TOKENS,
    "On a volume": VOLUMES,
    "Labels of other formats": OTHER_FORMATS,
    "Pictures": PICTURES,
    "Other files in place of a picture, and what is not as it looks": PICTURE_FORMATS,
}
CASES: Final = {name: case for cases in GROUPS.values() for name, case in cases.items()}
