"""What a training tells of its data: pictures that it has learned from and is measured on, and tags that look wrong."""

import json

import pytest

from darkroom_api import conditions
from darkroom_api.v1alpha1.common import Task
from tests.unit.trainer.tiny_runs import Bench, a_source


@pytest.mark.slow
def test_pictures_that_were_learned_from_and_a_tag_that_looks_wrong_are_told(bench: Bench) -> None:
    coco = json.loads(bench.file.read_text())
    file = bench.file.with_name("evaluation.json")
    file.write_text(json.dumps({**coco, "images": coco["images"][:2], "annotations": coco["annotations"][:2]}))
    given, wrong = (coco["annotations"][at]["category_id"] for at in (0, 1))
    coco["annotations"][0]["category_id"] = wrong
    bench.file.write_text(json.dumps(coco))
    outcome = bench.run(evaluation_dataset=a_source(Task.CLASSIFIER, file))
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    told = json.loads((bench.folder / "model/report.json").read_text())
    names = {category["id"]: category["name"] for category in coco["categories"]}
    (error,) = told["labelErrors"]
    assert (error["imageId"], error["given"], error["suggested"]) == (1, names[wrong], names[given])
    advice = {kind["issue"]: [entry["images"] for entry in kind["entries"]] for kind in told["advice"]["kinds"]}
    assert (advice["clashingLabels"], advice["sharedWithEvaluation"]) == ([[1, 1]], [[2, 2]])
