"""What a stranger may give as the name of a file, one case each; and all groups of cases in the order of their page."""

import os
import pathlib
from collections.abc import Callable
from typing import Any, Final

from tests.support.coco_builders import a_scene
from tests.support.hostile_cases import ADDRESSES, ENTRIES, PICTURES, TEXT, Case, image
from tests.support.hostile_files import FORMATS, MAPPINGS, PICTURE_FORMATS, TOKENS


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
GROUPS: Final = {
    "The text of an annotation file": TEXT,
    "Other files in place of a COCO file": FORMATS,
    "Its entries": ENTRIES,
    "Names of files": NAMES,
    "Addresses of images": ADDRESSES,
    "Addresses that `urlMappings` change": MAPPINGS,
    "Tokens and passwords in addresses": TOKENS,
    "Pictures": PICTURES,
    "Other files in place of a picture, and what is not as it looks": PICTURE_FORMATS,
}
