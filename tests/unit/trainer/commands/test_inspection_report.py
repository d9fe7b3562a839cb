"""What an inspection leaves beside the data's other results, and that none of it is a secret."""

import json
import pathlib

from PIL import Image

from darkroom_api.run_config import Command, ResourceReference, RunConfig
from darkroom_trainer.commands import inspection_report
from darkroom_trainer.data.inspection.examination import Examination, examine_dataset
from tests.local_storage import a_local_place
from tests.support.coco_builders import a_coco, a_scene, a_source, an_annotation, write_dataset
from tests.support.run_support import inspect

SCENES = {f"images/{number}.png": a_scene(number) for number in (1, 2)}


def examine(folder: pathlib.Path, pictures: dict[str, bytes] | None = None) -> Examination:
    boxes = [an_annotation(1), an_annotation(2, image_id=2, category_id=2)]
    source = a_source(write_dataset(folder, a_coco(annotations=boxes), pictures or SCENES))
    return examine_dataset(source, None, lambda _done, _total: None, stop_at_annotations=False)


def a_config(examination: Examination, output: pathlib.Path | None) -> RunConfig:
    return RunConfig(
        command=Command.INSPECT,
        resource=ResourceReference(kind="Dataset", namespace="team", name="fruit", uid="1"),
        dataset=examination.source,
        output=a_local_place(output) if output is not None else None,
    )


def test_the_file_says_all_that_was_found(tmp_path: pathlib.Path) -> None:
    report = inspection_report.build_report(examine(tmp_path))
    assert (report["dataset"], report["annotationKind"]) == ("fruit", "imageObjectDetection")
    assert (report["images"], report["annotations"], report["problemCount"]) == (2, 2, 0)
    assert [entry["name"] for entry in report["categories"]] == ["apple", "pear"]
    assert report["revision"].startswith("sha256:")
    assert report["adviceCount"] == sum(report["adviceCounts"].values()) == len(report["advice"])


def test_a_cause_of_many_problems_is_listed_once_and_each_problem_too(tmp_path: pathlib.Path) -> None:
    report = inspection_report.build_report(examine(tmp_path, {"images/1.png": b"", "images/2.png": b""}))
    assert [cause["count"] for cause in report["causes"]] == [2]
    assert [problem["subject"] for problem in report["problems"]] == [
        "train.json image 1 (images/1.png)",
        "train.json image 2 (images/2.png)",
    ]
    assert report["problemCount"] == 2


def test_both_forms_are_written_and_the_page_is_named(tmp_path: pathlib.Path) -> None:
    found = examine(tmp_path / "data")
    uri = inspection_report.write_report(a_config(found, tmp_path / "out"), found, tmp_path)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert uri is not None
    assert uri.rpartition("/")[2] in written
    assert written == ["inspection.html", "inspection.json", "samples.json"]
    assert json.loads((tmp_path / "out" / "inspection.json").read_text()) == json.loads(
        json.dumps(inspection_report.build_report(found))
    )


def test_a_run_without_an_output_writes_nothing(tmp_path: pathlib.Path) -> None:
    found = examine(tmp_path / "data")
    assert inspection_report.write_report(a_config(found, None), found, tmp_path) is None


def test_previews_of_the_first_images_are_left_with_their_labels(tmp_path: pathlib.Path) -> None:
    file = write_dataset(tmp_path / "data", a_coco(), {**SCENES, "images/2.png": b"text"})
    inspect(a_source(file), tmp_path / "out")
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())
    assert [image["file_name"] for image in samples["images"]] == ["images/1.png"]
    with Image.open(tmp_path / "out" / samples["images"][0]["preview"]) as picture:
        assert (picture.format, picture.size) == ("JPEG", (100, 50))
    assert sorted(path.name for path in (tmp_path / "out" / "previews").iterdir()) == ["000001.jpg"]


def test_a_secret_in_a_file_of_strangers_is_not_passed_on(tmp_path: pathlib.Path) -> None:
    names = [{"id": 1, "name": "https://a.blob.test/c?sv=2024&sig=c2VjcmV0c2VjcmV0"}, {"id": 2, "name": "pear"}]
    source = a_source(write_dataset(tmp_path / "data", a_coco(categories=names), SCENES))
    found = examine_dataset(source, None, lambda _done, _total: None, stop_at_annotations=False)
    inspection_report.write_report(a_config(found, tmp_path / "out"), found, tmp_path)
    for name in ("inspection.json", "samples.json"):
        assert "c2VjcmV0c2VjcmV0" not in (tmp_path / "out" / name).read_text()
