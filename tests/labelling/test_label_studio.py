"""The loop of the service's users with the real Label Studio: 12 of 53 pictures labelled, 41 reviewed, trained anew."""

import json
import pathlib
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests

from darkroom_trainer.command import main as darkroom
from tests.labelling.studio import LabelStudio
from tests.support.labeller import DIGITS, FLOWERS, NUM_IMAGES, NUM_LABELLED, Pictures, Sample
from tests.support.server.images import serving_images
from tests.support.server.served import Served

NUM_UPLOADED: Final = 3
VERSION: Final = "api-version=2023-04-01-preview"


@pytest.fixture
def pictures(tmp_path: pathlib.Path, sample: Sample) -> Pictures:
    return Pictures(tmp_path / "data", sample)


@pytest.fixture
def studio(tmp_path: pathlib.Path) -> Iterator[LabelStudio]:
    found = LabelStudio(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def image_host(pictures: Pictures) -> Iterator[str]:
    with serving_images(
        {f"/{path.name}": path.read_bytes() for path in (pictures.folder / "images").iterdir()}
    ) as host:
        yield host.url


@pytest.fixture
def served(tmp_path: pathlib.Path, pictures: Pictures, studio: LabelStudio, image_host: str) -> Iterator[Served]:
    allowed = [flag for url in (image_host, studio.address) for flag in ("--allow-url", f"{url}/")]
    found = Served(tmp_path / "state", pictures.folder, *allowed)
    yield found
    found.stop()


def call(served: Served, method: str, path: str, body: Any = None) -> Any:
    url = f"{served.address}/computervision{path}?{VERSION}"
    answer = requests.request(method, url, json=body, headers={"Ocp-Apim-Subscription-Key": served.key}, timeout=60)
    assert answer.ok, answer.text
    return answer.json()


def train(served: Served, sample: Sample, name: str, dataset: str, seconds: int) -> float:
    """Return the score on held-out pictures of a Model that is trained on a Dataset."""
    kind = "Generic-Detector" if sample.task.has_boxes else "Generic-Classifier"
    training = {"trainingDatasetName": dataset, "timeBudgetInHours": seconds / 3600, "modelKind": kind}
    body = {"trainingParameters": training, "evaluationParameters": {"testDatasetName": "held-out"}}
    call(served, "PUT", f"/models/{name}", body)
    while (found := call(served, "GET", f"/models/{name}"))["status"] in ("notStarted", "training"):
        time.sleep(0.5)
    assert found["status"] == "succeeded", found.get("error")
    score: float = found["modelPerformance"][sample.score]
    return score


def register(served: Served, pictures: Pictures, sample: Sample, name: str, file: str) -> None:
    kind = "imageObjectDetection" if sample.task.has_boxes else "imageClassification"
    body = {"annotationKind": kind, "annotationFileUris": [(pictures.folder / file).as_uri()]}
    call(served, "PUT", f"/datasets/{name}", body)


def import_all(studio: LabelStudio, project: int, pictures: Pictures, host: str) -> None:
    """Import the pictures, of which the last ones are uploaded: they carry nothing of Darkroom's."""
    studio.import_tasks(project, pictures.build_tasks(host)[:-NUM_UPLOADED])
    for entry in pictures.images[-NUM_UPLOADED:]:
        studio.upload(project, pictures.folder / entry["file_name"])


def review(studio: LabelStudio, project: int, pictures: Pictures) -> int:
    """Accept the proposals that are right and correct the others; returns how many pictures were left unchanged."""
    unchanged = 0
    for task in studio.list_tasks(project):
        if task["annotations"]:
            continue
        picture = pictures.find(task["data"]["image"])
        (prediction,) = task["predictions"]
        is_right = pictures.are_right(prediction["result"], picture)
        unchanged += is_right
        studio.submit(task["id"], prediction["result"] if is_right else pictures.draw(picture), prediction["id"])
    return unchanged


@pytest.mark.slow
@pytest.mark.extended
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("sample", [DIGITS, FLOWERS], ids=lambda sample: sample.name)
def test_a_model_of_12_pictures_proposes_the_labels_of_41_and_the_next_is_better(
    tmp_path: pathlib.Path, sample: Sample, pictures: Pictures, studio: LabelStudio, image_host: str, served: Served
) -> None:
    for name, file in (("labelled", "labelled.json"), ("held-out", "held-out.json")):
        register(served, pictures, sample, name, file)
    first = train(served, sample, "first", "labelled", sample.seconds[0])

    studio.wait()
    project = studio.create_project("pictures", pictures.labelling)
    import_all(studio, project, pictures, image_host)
    connection = studio.connect(project, f"{served.address}/labelstudio/first", served.key)
    assert connection["state"] == "CO"
    studio.retrieve_predictions(project)
    tasks = studio.list_tasks(project)
    assert len(tasks) == NUM_IMAGES
    versions = {prediction["model_version"] for task in tasks for prediction in task["predictions"]}
    assert [version.startswith("sha256:") for version in versions] == [True]
    unchanged = review(studio, project, pictures)

    studio.export(project, tmp_path / "export.json")
    merge = [
        "labels",
        "merge",
        "--base",
        str(pictures.folder / "labelled.json"),
        "--reviewed",
        str(tmp_path / "export.json"),
    ]
    assert darkroom([*merge, "--to", str(pictures.folder / "merged.json")]) == 0
    merged, truth = (json.loads((pictures.folder / name).read_text()) for name in ("merged.json", "all.json"))
    assert [image["file_name"] for image in merged["images"]] == [image["file_name"] for image in truth["images"]]
    assert len(merged["annotations"]) == len(truth["annotations"])

    register(served, pictures, sample, "merged", "merged.json")
    second = train(served, sample, "second", "merged", sample.seconds[1])
    left = NUM_IMAGES - NUM_LABELLED
    print(f"first model {first:.3f}, {unchanged} of {left} pictures accepted unchanged, second model {second:.3f}")
    assert second > first
