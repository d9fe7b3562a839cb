"""The loop of the service's users on the cluster: 12 of 53 pictures labelled, 41 reviewed, trained anew."""

import json
import pathlib
from dataclasses import dataclass
from typing import Any, Final

import pytest

from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.waiting import Waiter, status_of
from tests.cluster.host.commands import run_darkroom
from tests.cluster.storage.bucket import Bucket
from tests.support.labeller import DIGITS, FLOWERS, NUM_IMAGES, NUM_LABELLED, Pictures, Sample

FIRST, SECOND, LABELLED, MERGED, HELD_OUT = "first", "second", "labelled", "merged", "held-out"
WAIT_SECONDS: Final = 240.0
"""For what a training needs beside its budget: pods that start, an inspection before it, what waits for the device."""


@dataclass(frozen=True)
class Loop:
    """A namespace, and a folder of pictures that also lies in a bucket."""

    sample: Sample
    pictures: Pictures
    prefix: str
    namespace: str
    bucket: Bucket
    connection: Connection
    waiter: Waiter

    def apply(self, *wanted: Manifest) -> None:
        """Apply resources, consumers before what they wait for."""
        for manifest in wanted:
            self.connection.apply(manifest)

    def name(self, role: str) -> str:
        """Return what a resource of this sample is called, whatever others are in the namespace."""
        return f"{self.sample.name}-{role}"

    def describe_dataset(self, file: str) -> Manifest:
        """Return the Dataset of an annotation file of the folder."""
        kind = TASK_ANNOTATIONS[self.sample.task].value
        uri = self.bucket.uri(f"{self.prefix}/{file}.json")
        return manifests.a_dataset(self.name(file), self.namespace, uri, kind=kind)

    def describe_training(self, role: str, file: str, seconds: int) -> list[Manifest]:
        """Return the Model of a Dataset, which comes last, and before it its Evaluation on held-out pictures."""
        name, task = self.name(role), self.sample.task.value
        model = manifests.a_model(name, self.namespace, self.name(file), task=task, budget=f"{seconds}s")
        evaluation = manifests.an_evaluation(name, self.namespace, name, self.name(HELD_OUT))
        return [evaluation, model, self.describe_dataset(file)]

    def describe_proposals(self) -> Manifest:
        """Return the Prediction of the first Model over the pictures that have no label yet."""
        dataset, name = self.name(LABELLED), self.name(FIRST)
        return manifests.a_prediction(name, self.namespace, name, dataset=dataset, write=["LabelStudio"])

    def wait(self, kind: str, role: str) -> dict[str, Any]:
        """Return the status of a resource that has succeeded."""
        seconds = WAIT_SECONDS + max(self.sample.seconds)
        return status_of(self.waiter.phase(kind, self.namespace, self.name(role), "Succeeded", seconds))

    def read_score(self, role: str) -> float:
        """Return the score of a Model on held-out pictures."""
        performance = self.wait("Evaluation", role)["performance"]
        assert performance["measuredOn"] == "evaluationDataset"
        score: float = performance[self.sample.score]
        return score

    def read_tasks(self) -> list[dict[str, Any]]:
        """Return what the first Model proposes for the pictures without labels."""
        status = self.wait("Prediction", FIRST)
        summary = status["summary"]
        assert (summary["images"], summary.get("unreadable", 0)) == (NUM_IMAGES - NUM_LABELLED, 0)
        tasks: list[dict[str, Any]] = self.bucket.read_json(f"{status['artifacts']['uri'].rstrip('/')}/tasks.json")
        return tasks

    def review(self, tasks: list[dict[str, Any]]) -> int:
        """Accept the proposals that are right and correct the others; returns how many pictures were left unchanged."""
        unchanged = 0
        for task in tasks:
            picture = self.pictures.find(task["data"]["image"])
            result = task["predictions"][0]["result"]
            is_right = self.pictures.are_right(result, picture)
            unchanged += is_right
            task["annotations"] = [{"id": 1, "result": result if is_right else self.pictures.draw(picture)}]
        return unchanged


@pytest.fixture
def loop(
    sample: Sample, namespace: str, bucket: Bucket, connection: Connection, waiter: Waiter, tmp_path: pathlib.Path
) -> Loop:
    pictures = Pictures(tmp_path / "data", sample)
    prefix = f"loop-{sample.name}"
    bucket.put_folder(pictures.folder, prefix)
    return Loop(sample, pictures, prefix, namespace, bucket, connection, waiter)


@pytest.mark.timeout(900, func_only=True)
@pytest.mark.parametrize(
    "sample",
    [pytest.param(DIGITS, id=DIGITS.name), pytest.param(FLOWERS, id=FLOWERS.name, marks=pytest.mark.extended)],
)
def test_a_model_of_12_pictures_proposes_the_labels_of_41_and_the_next_is_better(
    sample: Sample, loop: Loop, tmp_path: pathlib.Path
) -> None:
    folder = loop.pictures.folder
    training = loop.describe_training(FIRST, LABELLED, sample.seconds[0])
    loop.apply(loop.describe_proposals(), *training, loop.describe_dataset(HELD_OUT))
    tasks = loop.read_tasks()
    first = loop.read_score(FIRST)

    unchanged = loop.review(tasks)
    export, merged = tmp_path / "export.json", folder / "merged.json"
    export.write_text(json.dumps(tasks))
    run_darkroom("labels", "merge", "--base", folder / "labelled.json", "--reviewed", export, "--to", merged)
    assert len(json.loads(merged.read_text())["images"]) == NUM_IMAGES

    loop.bucket.put(f"{loop.prefix}/merged.json", merged.read_bytes())
    loop.apply(*loop.describe_training(SECOND, MERGED, sample.seconds[1]))
    second = loop.read_score(SECOND)
    left = NUM_IMAGES - NUM_LABELLED
    print(f"{sample.name}: first {first:.3f}, {unchanged} of {left} pictures accepted unchanged, second {second:.3f}")
    assert second > first
