"""A YOLO dataset as it lies: which images and labels a data.yaml leads to, and what is told of them."""

import pathlib
import time
from typing import Any

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_trainer.data.coco.totals import MAX_IMAGES
from darkroom_trainer.data.sources import label_source
from darkroom_trainer.runtime.errors import RunError
from tests.support.coco_builders import shown
from tests.unit.trainer.label_folders import a_label_source, read_labels, told, write_files

NAMES = "names: [nut, bolt]\n"
BOX = "0 0.5 0.5 0.2 0.4\n"
PICTURE = b"a picture, which is not read here"


def read(folder: pathlib.Path, files: dict[str, str | bytes], **fields: Any) -> Any:
    """Return what the data.yaml of these files leads to."""
    write_files(folder, files)
    return read_labels(a_label_source("YOLO", folder, "data.yaml", **fields))


def find_files(catalog: Any) -> list[str]:
    """Return the names of the images that carry a label."""
    return [image.file for image in catalog.images if image.labels]


LAYOUTS: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "images beside labels": (
        {"data.yaml": f"train: images/train\n{NAMES}", "images/train/a.jpg": PICTURE, "labels/train/a.txt": BOX},
        ["images/train/a.jpg"],
    ),
    "a folder for each split, as Roboflow writes it": (
        {"data.yaml": f"train: ../train/images\n{NAMES}", "train/images/a.jpg": PICTURE, "train/labels/a.txt": BOX},
        ["train/images/a.jpg"],
    ),
    "a relative path": (
        {
            "data.yaml": f"path: ../coco8\ntrain: images\n{NAMES}",
            "coco8/images/a.jpg": PICTURE,
            "coco8/labels/a.txt": BOX,
        },
        ["coco8/images/a.jpg"],
    ),
    "a path of another machine": (
        {"data.yaml": f"path: /home/me/coco8\ntrain: images\n{NAMES}", "images/a.jpg": PICTURE, "labels/a.txt": BOX},
        ["images/a.jpg"],
    ),
    "a full address below that path": (
        {"data.yaml": f"path: /h/d\ntrain: /h/d/images\n{NAMES}", "images/a.jpg": PICTURE, "labels/a.txt": BOX},
        ["images/a.jpg"],
    ),
    "labels beside their images, of several folders": (
        {
            "data.yaml": f"train: [one, two]\n{NAMES}",
            "one/a.jpg": PICTURE,
            "one/a.txt": BOX,
            "two/b.jpg": PICTURE,
            "two/b.txt": BOX,
        },
        ["one/a.jpg", "two/b.jpg"],
    ),
    "a list of images": (
        {
            "data.yaml": f"train: lists/t.txt\n{NAMES}",
            "lists/t.txt": "images/a b.jpg\r\n\r\nimages/a b.jpg\n",
            "labels/a b.txt": BOX,
        },
        ["images/a b.jpg"],
    ),
    "a list of images below itself": (
        {"data.yaml": f"train: d/t.txt\n{NAMES}", "d/t.txt": "./images/a.jpg\n", "d/labels/a.txt": BOX},
        ["d/images/a.jpg"],
    ),
    "the whole folder": (
        {"data.yaml": f"train: .\n{NAMES}", "a.jpg": PICTURE, "a.txt": BOX, ".b.jpg": PICTURE},
        ["a.jpg"],
    ),
}


@pytest.mark.parametrize(("files", "expected"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_images_are_found_with_their_labels(
    tmp_path: pathlib.Path, files: dict[str, str | bytes], expected: list[str]
) -> None:
    catalog, findings, _ = read(tmp_path, files)
    assert shown(findings) == []
    assert find_files(catalog) == expected
    np.testing.assert_allclose(catalog.images[0].boxes, [[0.4, 0.3, 0.2, 0.4]], atol=1e-6)


def test_an_image_root_is_the_folder_that_train_is_below(tmp_path: pathlib.Path) -> None:
    files: dict[str, str | bytes] = {"data.yaml": f"path: x\ntrain: images\n{NAMES}"}
    write_files(tmp_path / "elsewhere", {"images/a.jpg": PICTURE, "labels/a.txt": BOX})
    catalog, _, _ = read(tmp_path, files, image_root=(tmp_path / "elsewhere").as_uri())
    assert find_files(catalog) == ["images/a.jpg"]


@pytest.mark.parametrize(
    ("splits", "expected"),
    [(("train",), ["t/a.jpg"]), (("val",), ["v/b.jpg"]), (("train", "val"), ["t/a.jpg", "v/b.jpg"])],
)
def test_a_split_is_read_where_it_is_asked_for(tmp_path: pathlib.Path, splits: Any, expected: list[str]) -> None:
    files: dict[str, str | bytes] = {
        "data.yaml": f"train: t\nval: v\n{NAMES}",
        "t/a.jpg": PICTURE,
        "t/a.txt": BOX,
        "v/b.jpg": PICTURE,
        "v/b.txt": BOX,
    }
    catalog, findings, _ = read(tmp_path, files, splits=splits)
    assert find_files(catalog) == expected
    assert any("val is not read" in line for line in told(findings)) is ("val" not in splits)


ROWS = {
    "a class that data.yaml lacks": (
        "0 .5 .5 .1 .1\n7 .5 .5 .1 .1",
        "images/a.txt line 2: class 7 is not in names of data.yaml, which has 0 to 1; add",
    ),
    "a tag in place of its number": ("nut .5 .5 .1 .1", "images/a.txt line 1: must be numbers, the first"),
    "commas": ("0,.5,.5,.1,.1", "must be numbers with blanks between them"),
    "a confidence": ("0 .5 .5 .1 .1 .9", "line 1: has a number behind its box: the confidence of a model's own answer"),
    "too few numbers": ("0 .5 .5", "line 1: has 2 numbers behind its class"),
    "half a class": ("0.5 .5 .5 .1 .1", "begins with 0.5, which is no class number"),
    "percent": (
        "0 50 50 10 10\n1 20 20 10 10",
        "line 1: 2 of 2 lines hold numbers above 1, so they look like percent; divide them",
    ),
    "pixels": ("0 500 300 10 10", "so they look like pixels; divide them by the image's width and height"),
    "no size": ("0 .5 .5 0 .1", "images/a.txt line 1: box [0.5, 0.5, 0, 0.1]: width and height must be more than 0"),
    "outside": (
        "0 .9 .5 .4 .1",
        "images/a.txt line 1: box [0.9, 0.5, 0.4, 0.1] reaches outside the image; expected [center x",
    ),
    "not a number": ("0 nan .5 .1 .1", "holds a number that is not finite"),
    "corners": (
        "0 .1 .1 .3 .4\n" * 6,
        "and none does as [left, top, right, bottom]; they are no labels of YOLO (ltrb instead)",
    ),
}


@pytest.mark.parametrize(("text", "says"), ROWS.values(), ids=ROWS.keys())
def test_a_wrong_line_is_named(tmp_path: pathlib.Path, text: str, says: str) -> None:
    _, findings, _ = read(
        tmp_path, {"data.yaml": f"train: images\n{NAMES}", "images/a.jpg": PICTURE, "labels/a.txt": text}
    )
    assert any(says.replace("images/a.txt", "labels/a.txt") in line for line in shown(findings)), shown(findings)


INDEXES = {
    "no names": ("train: images", "data.yaml: has no names: list the classes' names"),
    "no train": (f"val: images\n{NAMES}", "data.yaml: has no train: name the folder of its images"),
    "nothing there": (f"train: other\n{NAMES}", "data.yaml: train names 'other', and there is nothing below"),
    "a folder that climbs": (f"train: images/../../x\n{NAMES}", "which is not below the folder of data.yaml"),
    "an address of another machine": (f"train: /home/me/images\n{NAMES}", "or set imageRoot to the folder"),
    "a list that is not there": (f"train: t.txt\n{NAMES}", "a list that is not there"),
    "no YAML": ("train: [a\nnames: [b]\n", "data.yaml line 2: is not YAML"),
    "a COCO file": (
        '{"images": [], "annotations": []}',
        "is not a data.yaml of YOLO: it is a COCO file (JSON); set format: COCO",
    ),
    "labels": (BOX, "data.yaml: is not a data.yaml of YOLO: it is a file of YOLO labels"),
    "XML": ("<annotation><size/></annotation>", "it is a file of Pascal VOC (XML); set format: PascalVOC"),
    "names that are lists": ("train: images\nnames: [[a]]", "names must give a text for each class number from 0"),
    "a tag with a control character": ('train: images\nnames: ["a\\u202eb"]', "data.yaml class 0: name"),
}


@pytest.mark.parametrize(("text", "says"), INDEXES.values(), ids=INDEXES.keys())
def test_a_wrong_index_is_named(tmp_path: pathlib.Path, text: str, says: str) -> None:
    _, findings, _ = read(tmp_path, {"data.yaml": text, "images/a.jpg": PICTURE, "labels/a.txt": BOX})
    assert any(says in line for line in shown(findings)), shown(findings)


ADVICE = {
    "a polygon": ("0 .1 .1 .3 .1 .2 .4", "data.yaml: 1 of 1 annotations have no bbox: the box around their polygon"),
    "four corners": ("0 .1 .1 .3 .1 .3 .5 .1 .5", "data.yaml: 1 of 1 lines hold four corners, as turned (oriented)"),
    "an edge that is rounded": ("0 .95 .5 .1001 .4", "data.yaml: 1 of 1 annotations reach over the edge"),
}


@pytest.mark.parametrize(("text", "says"), ADVICE.values(), ids=ADVICE.keys())
def test_what_is_not_taken_as_written_is_told(tmp_path: pathlib.Path, text: str, says: str) -> None:
    catalog, findings, _ = read(
        tmp_path, {"data.yaml": f"train: images\n{NAMES}", "images/a.jpg": PICTURE, "labels/a.txt": text}
    )
    assert shown(findings) == []
    assert any(line.startswith(says) for line in told(findings)), told(findings)
    assert len(catalog.images[0].boxes) == 1


def test_keypoints_behind_a_box_are_left_out(tmp_path: pathlib.Path) -> None:
    text = f"train: images\nkpt_shape: [2, 3]\nnc: 5\n{NAMES}"
    files: dict[str, str | bytes] = {
        "data.yaml": text,
        "images/a.jpg": PICTURE,
        "labels/a.txt": "0 .5 .5 .2 .4 .5 .5 2 .6 .6 1",
    }
    catalog, findings, _ = read(tmp_path, files)
    np.testing.assert_allclose(catalog.images[0].boxes, [[0.4, 0.3, 0.2, 0.4]], atol=1e-6)
    assert any("kpt_shape" in line for line in told(findings))
    assert 'data.yaml: nc is "5" and names has 2; names counts, so make nc the same' in told(findings)


def test_an_image_without_labels_shows_nothing_and_is_told_where_the_file_is_missing(tmp_path: pathlib.Path) -> None:
    pictures: dict[str, str | bytes] = {f"images/{name}.jpg": PICTURE for name in "abc"}
    files = {"data.yaml": f"train: images\n{NAMES}", "labels/a.txt": BOX, "labels/b.txt": "\n", **pictures}
    catalog, findings, _ = read(tmp_path, files)
    assert (len(catalog.images), find_files(catalog)) == (3, ["images/a.jpg"])
    (line,) = (line for line in told(findings) if line.startswith("images of the dataset"))
    assert "1 of 3 have no file of labels" in line
    assert "'images/c.jpg' for example would have 'labels/c.txt'" in line


def test_a_dataset_without_any_labels_is_refused(tmp_path: pathlib.Path) -> None:
    _, findings, _ = read(tmp_path, {"data.yaml": f"train: images\n{NAMES}", "images/a.jpg": PICTURE})
    assert "data.yaml: leads to no file of labels: none of 1 images has one" in shown(findings)[0]


def test_tags_are_text_whatever_yaml_makes_of_it(tmp_path: pathlib.Path) -> None:
    files: dict[str, str | bytes] = {
        "data.yaml": "train: images\nnames:\n  3: no\n  0: 1.0\n",
        "images/a.jpg": PICTURE,
        "labels/a.txt": "3 .5 .5 .2 .4",
    }
    catalog, findings, _ = read(tmp_path, files)
    assert (catalog.tags, catalog.images[0].labels, shown(findings)) == (("1.0", "no"), (1,), [])


def test_the_revision_knows_every_file_of_labels(tmp_path: pathlib.Path) -> None:
    files: dict[str, str | bytes] = {
        "data.yaml": f"train: images\n{NAMES}",
        "images/a.jpg": PICTURE,
        "labels/a.txt": BOX,
    }
    _, _, before = read(tmp_path, files)
    _, _, after = read(tmp_path, {"labels/a.txt": f"{BOX}\n"})
    assert before != after
    assert before[0] == after[0]


def test_a_folder_in_place_of_a_data_yaml_names_it(tmp_path: pathlib.Path) -> None:
    write_files(tmp_path, {"d/data.yaml": NAMES})
    with pytest.raises(RunError, match=r"is a folder; with format YOLO, .* It holds 'data.yaml': name the file"):
        read_labels(a_label_source("YOLO", tmp_path, "d/"))


def test_a_list_of_too_many_images_is_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAX_IMAGES, AnnotationKind.DETECTION, 2)
    listed: dict[str, str | bytes] = {"data.yaml": f"train: t.txt\n{NAMES}", "t.txt": "a.jpg\nb.jpg\nc.jpg\n"}
    _, findings, _ = read(tmp_path, listed)
    assert "train names 't.txt', which lists more than 2 images" in findings.problems[0].message


def test_many_lines_of_unknown_classes_are_read_in_the_time_of_known_ones(tmp_path: pathlib.Path) -> None:
    names = "".join(f"- n{number}\n" for number in range(8_000))
    files: dict[str, str | bytes] = {"data.yaml": f"train: images\nnames:\n{names}", "images/a.jpg": PICTURE}
    began = time.process_time()
    _, findings, _ = read(tmp_path, {**files, "labels/a.txt": "9000 0.5 0.5 0.2 0.4\n" * 40_000})
    assert findings.problem_count > 40_000
    assert time.process_time() - began < 6  # it took 20 s


def test_labels_that_are_too_much_together_end_at_the_file_that_is_too_much(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_source, "MAX_TOTAL_BYTES", 2 * len(BOX))
    files: dict[str, str | bytes] = {"data.yaml": f"train: images\n{NAMES}"}
    for name in "abc":
        files |= {f"images/{name}.jpg": PICTURE, f"labels/{name}.txt": BOX}
    with pytest.raises(
        RunError, match=r"its labels up to \S+labels/c\.txt have 54 bytes, at most 36 are read together"
    ):
        read(tmp_path, files)
