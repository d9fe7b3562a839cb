"""What a stranger may give in place of a COCO file or a picture, and where mappings and tokens lead, one case each."""

import pathlib
from typing import Any, Final

from darkroom_api.conditions import Reason
from tests.support import hostile_pictures as drawn
from tests.support.coco_builders import a_scene
from tests.support.hostile_cases import Case, address, annotation, every_box, image, picture

CLOSED: Final = b"HTTP/1.1 409 Public access is not permitted on this storage account.\r\nContent-Length: 0\r\n\r\n"
MISSING: Final = Reason.DATASET_NOT_FOUND


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
