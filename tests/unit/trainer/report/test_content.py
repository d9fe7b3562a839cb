"""What a report holds: the numbers of the metrics, and pictures within their second."""

import dataclasses
import pathlib

from darkroom_trainer.report import content
from tests.support.report_builders import a_training


def test_the_json_holds_what_metrics_say(tmp_path: pathlib.Path) -> None:
    inputs = a_training(tmp_path)
    report = content.build_report(inputs)
    performance = inputs.metrics["performance"]
    assert report["headline"]["score"] == performance["score"]
    assert report["headline"]["interval"] == performance["scoreInterval"]
    assert report["headline"]["stopReason"] == "Converged"
    assert len(report["trials"]) == len(inputs.metrics["trials"])
    recalls = {row["tag"]: row["recall"] for row in report["tags"] if row["truths"]}
    assert recalls == {tag: inputs.metrics["scores"]["tags"][tag]["recall"] for tag in recalls}


def test_the_most_troubled_tags_come_first(tmp_path: pathlib.Path) -> None:
    rows = content.build_report(a_training(tmp_path))["tags"]
    measured = [row["f1"] for row in rows if row["f1"] is not None]
    assert measured == sorted(measured)


def test_pictures_end_when_their_second_is_over(tmp_path: pathlib.Path) -> None:
    now = iter([0.0, 0.5, 0.9, *[1.1] * 100])
    report = content.build_report(dataclasses.replace(a_training(tmp_path), clock=lambda: next(now)))
    assert [bool(entry["picture"]) for entry in report["mistakes"]["shown"]][:4] == [True, True, False, False]
