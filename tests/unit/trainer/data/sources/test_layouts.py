"""What a folder holds that is given where another form of labels is wanted, in words that lead to the right field."""

import pytest

from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_trainer.data.sources.layouts import describe_folder, suggest_format


@pytest.mark.parametrize(
    ("names", "says"),
    [
        pytest.param(["a.png", "ann/coco.json"], "It holds 'ann/coco.json': name the file", id="a COCO file inside"),
        pytest.param(
            ["data.yaml", "labels/a.txt"], "It holds 'data.yaml': name the file, and set format: YOLO", id="YOLO"
        ),
        pytest.param(
            ["img/a.png", "labels/a.txt"], "'labels/a.txt': name the data.yaml that leads to them", id="its labels"
        ),
        pytest.param(["Annotations/a.xml"], "such as 'Annotations/a.xml': set format: PascalVOC", id="VOC"),
        pytest.param(["export.zip"], "It holds 'export.zip': unpack it", id="a zip"),
        pytest.param(["cat/.DS_Store", "cat/1.png"], "such as 'cat/1.png': where each is named after", id="folders"),
        pytest.param(["a.png"], "each lists its images: name one", id="pictures alone"),
    ],
)
def test_a_folder_in_place_of_a_coco_file_is_described(names: list[str], says: str) -> None:
    message = describe_folder("s3://v/train/", [f"s3://v/train/{name}" for name in names], AnnotationFormat.COCO)
    assert message.startswith("s3://v/train/ is a folder; annotationFiles names COCO files")
    assert says in message


def test_a_folder_in_place_of_a_data_yaml_names_it() -> None:
    message = describe_folder("s3://v/d/", ["s3://v/d/data.yaml", "s3://v/d/x/1.png"], AnnotationFormat.YOLO)
    assert message == "s3://v/d/ is a folder; with format YOLO, annotationFiles names a data.yaml. It holds " + (
        "'data.yaml': name the file"
    )


@pytest.mark.parametrize("wanted", [AnnotationFormat.PASCAL_VOC, AnnotationFormat.FOLDERS])
def test_a_coco_file_where_others_are_wanted_names_its_format(wanted: AnnotationFormat) -> None:
    assert suggest_format(["train.json"], wanted) == ". It holds 'train.json': name the file, and set format: COCO"


def test_a_format_is_not_suggested_in_place_of_itself() -> None:
    assert suggest_format(["cat/1.png"], AnnotationFormat.FOLDERS) == ""
    assert suggest_format(["a.xml"], AnnotationFormat.PASCAL_VOC) == ""
