"""What an inspection's report holds: counts, bins, and as many pictures as there is time for."""

import pathlib

import pytest

from darkroom_trainer.report import inspection_content
from darkroom_trainer.report.inputs import InspectionInputs
from tests.support.examinations import NAMES, a_hostile_dataset, read_local


def test_the_page_tells_the_counts_of_the_inspection(tmp_path: pathlib.Path) -> None:
    examination = a_hostile_dataset(tmp_path)
    report = inspection_content.build_inspection_report(InspectionInputs(examination))
    assert report["images"] == len(NAMES)
    assert [tag["name"] for tag in report["tags"]] == [category.name for category in examination.catalog.categories]
    assert sum(report["sizes"]["sides"]["counts"]) == len(NAMES)
    assert sum(report["sizes"]["aspects"]["counts"]) == len(NAMES)
    assert report["advice"]["count"] == examination.findings.advice_counts.total()


def test_time_that_runs_out_costs_pictures_only(tmp_path: pathlib.Path) -> None:
    left = [True, True, False]
    inputs = InspectionInputs(a_hostile_dataset(tmp_path), read_local, lambda: left.pop(0) if left else False)
    report = inspection_content.build_inspection_report(inputs)
    pictures = [entry["picture"] for entry in report["samples"] + report["suspects"]]
    assert sum(picture is not None for picture in pictures) == 2


@pytest.mark.parametrize(("low", "high"), [(128.0, 128.0), (100.0, 101.0), (0.0, 16_000.0)])
def test_bins_hold_both_ends(low: float, high: float) -> None:
    edges = inspection_content.choose_edges(low, high)
    assert edges[0] <= low
    assert edges[-1] >= high
    assert (edges[1:] > edges[:-1]).all()
