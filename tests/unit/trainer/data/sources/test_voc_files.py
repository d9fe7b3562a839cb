"""Files of Pascal VOC as they lie: which image each is about, and what is told of it."""

import pathlib
from typing import Any

import numpy as np
import pytest

from darkroom_trainer.runtime.errors import RunError
from tests.support.coco_builders import shown
from tests.unit.trainer.label_folders import a_label_source, read_labels, to_voc, told, write_files

PICTURE = b"a picture, which is not read here"
ONE = [("nut", (10, 5, 20, 30))]


def read(folder: pathlib.Path, files: dict[str, str | bytes], *names: str, **fields: Any) -> Any:
    """Return what a folder of these files says."""
    write_files(folder, files)
    return read_labels(a_label_source("PascalVOC", folder, *(names or ("Annotations/",)), **fields))


LAYOUTS: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "a folder of images beside, as the challenge has it": (
        {"Annotations/a.xml": to_voc("a", ONE), "JPEGImages/a.png": PICTURE},
        "Annotations/",
        "JPEGImages/a.png",
    ),
    "images among the files": ({"d/a.xml": to_voc("a", ONE), "d/a.png": PICTURE}, "d/", "a.png"),
    "the folder above both": (
        {"d/Annotations/a.xml": to_voc("a", ONE), "d/images/a.png": PICTURE},
        "d/",
        "images/a.png",
    ),
    "one file": ({"d/a.xml": to_voc("a", ONE), "d/a.png": PICTURE}, "d/a.xml", "a.png"),
    "the same name in two splits": (
        {"train/x/a.xml": to_voc("a", ONE), "train/y/a.png": PICTURE, "val/y/a.png": PICTURE},
        "",
        "train/y/a.png",
    ),
    "a filename without its ending": (
        {"d/1.xml": to_voc("a", ONE, filename="a"), "d/a.png": PICTURE},
        "d/",
        "a.png",
    ),
    "a path of Windows": (
        {"d/1.xml": to_voc("a", ONE, filename="C:\\x\\a.png"), "d/a.png": PICTURE},
        "d/",
        "a.png",
    ),
}


@pytest.mark.parametrize(("files", "name", "expected"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_image_of_a_file_is_found(
    tmp_path: pathlib.Path, files: dict[str, str | bytes], name: str, expected: str
) -> None:
    catalog, findings, _ = read(tmp_path / "v", files, name or "")
    assert shown(findings) == []
    assert [image.file for image in catalog.images] == [expected]
    np.testing.assert_allclose(catalog.images[0].boxes * [100, 50, 100, 50], [[10, 5, 20, 30]], atol=1e-4)
    assert catalog.images[0].declared == (100, 50)


def test_an_image_root_holds_the_images(tmp_path: pathlib.Path) -> None:
    write_files(tmp_path / "elsewhere", {"a.png": PICTURE})
    catalog, _, _ = read(
        tmp_path, {"Annotations/a.xml": to_voc("a", ONE)}, image_root=(tmp_path / "elsewhere").as_uri()
    )
    assert [image.uri for image in catalog.images] == [(tmp_path / "elsewhere/a.png").as_uri()]


def test_a_folder_beside_is_not_looked_into_where_that_is_not_allowed(tmp_path: pathlib.Path) -> None:
    files: dict[str, str | bytes] = {"Annotations/a.xml": to_voc("a", ONE), "JPEGImages/a.png": PICTURE}
    allowed = ((tmp_path / "Annotations").as_uri(),)
    catalog, _, _ = read(tmp_path, files, local_roots=allowed)
    assert catalog.images[0].uri == (tmp_path / "Annotations/a.png").as_uri()


def test_a_renamed_image_is_known_by_the_name_of_its_file(tmp_path: pathlib.Path) -> None:
    files: dict[str, str | bytes] = {"d/new.xml": to_voc("a", ONE, filename="old.png"), "d/new.png": PICTURE}
    catalog, findings, _ = read(tmp_path, files, "d/")
    assert catalog.images[0].file == "new.png"
    assert any("1 of 1 files give a filename that is not there" in line for line in told(findings))


def test_corners_from_zero_are_read_as_such_and_told(tmp_path: pathlib.Path) -> None:
    text = to_voc("a", [("nut", (-1, 4, 21, 20))])  # xmin is 0
    catalog, findings, _ = read(tmp_path, {"d/a.xml": text, "d/a.png": PICTURE}, "d/")
    np.testing.assert_allclose(catalog.images[0].boxes * [100, 50, 100, 50], [[0, 5, 20, 19]], atol=1e-4)
    assert any("1 of 1 bndbox begin at 0 or hold fractions" in line for line in told(findings))


def test_a_box_to_the_last_pixel_and_one_beyond_it_is_whole(tmp_path: pathlib.Path) -> None:
    text = to_voc("a", [("nut", (0, 0, 100, 50)), ("nut", (80, 0, 21, 10))])
    catalog, findings, _ = read(tmp_path, {"d/a.xml": text, "d/a.png": PICTURE}, "d/")
    assert shown(findings) == []
    np.testing.assert_allclose(catalog.images[0].boxes, np.array([[0, 0, 1, 1], [0.8, 0, 0.2, 0.2]]), atol=1e-6)


def an_object(box: str, **more: str) -> str:
    """Return an object in the fourth line of a file."""
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in {"name": "nut", **more}.items())
    return to_voc("a", []).replace("\n</annotation>", f"<object>{fields}{box}</object>\n</annotation>")


BOX = "<bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>35</ymax></bndbox>"
WRONG = {
    "no box": (an_object(""), "d/a.xml line 4: has no bndbox: it must give numbers as xmin, ymin, xmax and ymax"),
    "a box without a corner": (an_object("<bndbox><xmin>1</xmin></bndbox>"), "line 4: bndbox is not complete"),
    "a number that is none": (an_object(BOX.replace("11", "x")), "line 4: bndbox is not complete"),
    "no tag": (an_object(BOX, name=""), "line 4: has no name: write the tag of the object"),
    "corners in reverse": (
        an_object(BOX.replace("11", "80")),
        "d/a.xml line 4: bndbox [80, 6, 30, 35]: width and height",
    ),
    "outside": (
        an_object(BOX.replace("30", "300")),
        "[11, 6, 300, 35] reaches outside the image; expected [xmin, ymin, xmax, ymax] of pixels",
    ),
    "a size of 0": (
        an_object(BOX).replace("<width>100", "<width>0"),
        "d/a.xml (a.png): has no usable width and height",
    ),
    "entities": (
        f'<!DOCTYPE a [<!ENTITY b "c">]>{to_voc("a", ONE)}',
        "not a file of Pascal VOC: it declares a document type",
    ),
    "XML that ends early": ("<annotation><object>", "d/a.xml: is not a file of Pascal VOC: it is not XML"),
    "another root": ("<boxes/>", "it begins with <boxes>, not with <annotation>"),
    "CVAT's own": ("<annotations><image/></annotations>", "it is XML of CVAT's own"),
    "a COCO file": ('{"images": []}', "it is a COCO file (JSON); set format: COCO"),
    "an encoding that is not known": ('<?xml version="1.0" encoding="gb2312"?><annotation/>', "it is not XML in UTF-8"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_named_with_its_line(tmp_path: pathlib.Path, text: str, says: str) -> None:
    _, findings, _ = read(tmp_path, {"d/a.xml": text, "d/a.png": PICTURE}, "d/")
    assert any(says in line for line in shown(findings)), shown(findings)


def test_a_turned_box_is_replaced_by_the_one_around_it(tmp_path: pathlib.Path) -> None:
    turned = "<robndbox><cx>50</cx><cy>25</cy><w>20</w><h>10</h><angle>1.5707963</angle></robndbox>"
    catalog, findings, _ = read(tmp_path, {"d/a.xml": an_object(turned), "d/a.png": PICTURE}, "d/")
    assert shown(findings) == []
    left, top, width, height = catalog.images[0].boxes[0] * [100, 50, 100, 50]
    assert (abs(left - 45), abs(top - 15), width < 12, height > 19) < (1.1, 1.1, True, True)
    assert any("1 of 1 annotations are turned" in line for line in told(findings))


def test_parts_are_no_objects_and_difficult_ones_are(tmp_path: pathlib.Path) -> None:
    part = f"{BOX}<part><name>head</name>{BOX.replace('11', '12')}</part>"
    catalog, findings, _ = read(tmp_path, {"d/a.xml": an_object(part, difficult="1"), "d/a.png": PICTURE}, "d/")
    assert (catalog.tags, len(catalog.images[0].boxes)) == (("nut",), 1)
    np.testing.assert_allclose(catalog.images[0].boxes[0, 0], 0.1, atol=1e-6)
    assert any("1 of 1 objects are marked as difficult" in line for line in told(findings))


def test_a_folder_of_something_else_names_the_format(tmp_path: pathlib.Path) -> None:
    _, findings, _ = read(tmp_path, {"d/data.yaml": "names: [a]"}, "d/")
    assert shown(findings) == [
        "d: holds no file of Pascal VOC (.xml). It holds 'data.yaml': name the file, and set format: YOLO"
    ]
    with pytest.raises(RunError, match="annotationFiles: there is nothing below"):
        read(tmp_path, {}, "e/")
