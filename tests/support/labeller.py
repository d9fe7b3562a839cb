"""Pictures of a sample dataset for a labeller: the labels of some are known, the others are what is to be seen.

Owns what a labeller says, in Label Studio's form. Owns no expectation.
"""

import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from darkroom_api.v1alpha1.common import Task
from darkroom_labels.coco_labels import LabelledImage
from darkroom_labels.label_studio import build_control, build_task
from darkroom_predict.predictions import compute_overlaps
from darkroom_trainer.command import main as darkroom
from tests.support.labelling import build_labelling

NUM_IMAGES: Final = 53
NUM_LABELLED: Final = 12
OVERLAP: Final = 0.7
"""From which a labeller leaves a box as it is."""

Entry = dict[str, Any]
Truth = list[tuple[str, list[float] | None]]


@dataclass(frozen=True)
class Sample:
    """A sample dataset, how many of its tags are used, and how long a Model of it trains, first and then."""

    name: str
    task: Task
    num_tags: int
    seconds: tuple[int, int]
    score: str


DIGITS: Final = Sample("digits", Task.CLASSIFIER, 10, (29, 29), "accuracyTop1")
FLOWERS: Final = Sample("photos", Task.DETECTOR, 6, (150, 300), "meanAveragePrecision50")


class Pictures:
    """A folder with 53 pictures and others that are held out.

    `labelled.json` has the labels of 12 of the 53, `all.json` those of all, `held-out.json` the others.
    """

    def __init__(self, folder: pathlib.Path, sample: Sample) -> None:
        assert darkroom(["samples", sample.name, "--to", str(folder)]) == 0
        self.folder = folder
        document = _keep_tags(json.loads((folder / "train.json").read_text()), sample.num_tags)
        self.images: list[Entry] = document["images"][:NUM_IMAGES]
        self.categories: list[Entry] = document["categories"]
        self.tags = tuple(category["name"] for category in self.categories)
        self.labelling = build_labelling(build_control(sample.task, self.tags))
        self._annotations: list[Entry] = document["annotations"]
        self._write("labelled.json", self.images[:NUM_LABELLED])
        self._write("all.json", self.images)
        held_out = _keep_tags(json.loads((folder / "eval.json").read_text()), sample.num_tags)
        (folder / "held-out.json").write_text(json.dumps(held_out))
        used = {folder / entry["file_name"] for entry in (*self.images, *held_out["images"])}
        for path in set((folder / "images").iterdir()) - used:
            path.unlink()

    def _write(self, name: str, labelled: list[Entry]) -> None:
        """Write all pictures with the labels of some; those of the others are still to come."""
        ids = {image["id"] for image in labelled}
        images = [image if image["id"] in ids else {**image, "review": "pending"} for image in self.images]
        annotations = [entry for entry in self._annotations if entry["image_id"] in ids]
        document = {"images": images, "annotations": annotations, "categories": self.categories}
        (self.folder / name).write_text(json.dumps(document))

    def find(self, address: str) -> Entry:
        """Return the picture that is shown at an address."""
        name = address.rpartition("/")[2]
        return next(entry for entry in self.images if name.endswith(pathlib.PurePosixPath(entry["file_name"]).name))

    def see(self, picture: Mapping[str, Any]) -> Truth:
        """Return what is to be seen on a picture."""
        names = {category["id"]: category["name"] for category in self.categories}
        entries = (entry for entry in self._annotations if entry["image_id"] == picture["id"])
        return [(names[entry["category_id"]], entry.get("bbox")) for entry in entries]

    def build_tasks(self, host: str) -> list[Entry]:
        """Return the tasks of all pictures, of which those that are labelled carry an annotation."""
        numbers = {category["name"]: category["id"] for category in self.categories}
        tasks = []
        for at, entry in enumerate(self.images):
            image = LabelledImage(entry["width"], entry["height"], file_name=entry["file_name"])
            shown_at = f"{host}/{pathlib.PurePosixPath(entry['file_name']).name}"
            task = build_task(image, entry["id"], numbers, shown_at=shown_at)
            if at < NUM_LABELLED:
                task["annotations"] = [{"result": self.draw(entry)}]
            tasks.append(task)
        return tasks

    def draw(self, picture: Mapping[str, Any]) -> list[Entry]:
        """Return what a labeller says of a picture."""
        return [_draw(number, tag, box, picture) for number, (tag, box) in enumerate(self.see(picture))]

    def are_right(self, result: list[Entry], picture: Mapping[str, Any]) -> bool:
        """Return whether a labeller leaves proposals as they are: for each thing one of its tag, and where it is."""
        left = self.see(picture)
        if len(result) != len(left):
            return False
        for item in result:
            fitting = [one for one in left if _fits(item["value"], *one)]
            if not fitting:
                return False
            left.remove(fitting[0])
        return True


def _keep_tags(document: Entry, count: int) -> Entry:
    """Return a COCO file without the tags after the first ones, and without the images that have one of those."""
    kept = {category["id"] for category in document["categories"][:count]}
    others = {entry["image_id"] for entry in document["annotations"] if entry["category_id"] not in kept}
    return {
        "images": [image for image in document["images"] if image["id"] not in others],
        "annotations": [entry for entry in document["annotations"] if entry["image_id"] not in others],
        "categories": document["categories"][:count],
    }


def _draw(number: int, tag: str, box: list[float] | None, picture: Mapping[str, Any]) -> Entry:
    name = {"id": f"drawn{number}", "from_name": "label", "to_name": "image"}
    if box is None:
        return {**name, "type": "choices", "value": {"choices": [tag]}}
    sides = dict(zip(("x", "y", "width", "height"), (100 * side for side in box), strict=True))
    size = {"original_width": picture["width"], "original_height": picture["height"], "image_rotation": 0}
    return {**name, "type": "rectanglelabels", **size, "value": {**sides, "rotation": 0, "rectanglelabels": [tag]}}


def _fits(value: Mapping[str, Any], tag: str, box: list[float] | None) -> bool:
    if box is None:
        return bool(value["choices"] == [tag])
    found = np.array([[value[side] / 100 for side in ("x", "y", "width", "height")]])
    return value["rectanglelabels"] == [tag] and bool(compute_overlaps(found, np.array([box]))[0, 0] >= OVERLAP)
