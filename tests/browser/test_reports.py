"""The report's pages as their readers have them: usable, no wider than a phone, and quiet."""

import pathlib
import subprocess
import sys
from typing import Final

import pytest
from playwright.sync_api import Page

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.report import writing
from darkroom_trainer.report.inputs import InspectionInputs
from tests.support.browsing import check_accessibility, check_width, take_screenshot
from tests.support.examinations import a_hostile_dataset, read_local
from tests.support.report_builders import a_training
from tests.unit.trainer.run_builders import a_dataset, a_model, write_images, write_manifests

RUN_PAGES: Final = ("dataset-fruit/inspection.html", "model-sorter/report.html")
_DARKROOM: Final = "import sys; from darkroom_trainer.command import main; sys.exit(main())"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of reports with everything that they can hold, and names of strangers in all places."""
    folder = tmp_path_factory.mktemp("reports")
    for task in (Task.CLASSIFIER, Task.DETECTOR):
        place = folder / task.value
        place.mkdir()
        writing.write_report(place, a_training(place, task))
    inspected = InspectionInputs(a_hostile_dataset(folder / "data"), read_local)
    (folder / "inspection.html").write_bytes(writing.build_inspection_page(inspected))
    return folder


@pytest.fixture(scope="module")
def run_pages(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of what a real small run published."""
    folder = tmp_path_factory.mktemp("run")
    write_images(folder, count=12)
    manifests, output = write_manifests(folder, a_dataset(), a_model()), folder / "out"
    command = [sys.executable, "-c", _DARKROOM, "run", "-f", manifests, "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return output / "artifacts"


def check(page: Page, path: pathlib.Path, name: str) -> None:
    """Open a page, look at it in every respect, and keep its picture."""
    page.goto(path.as_uri())
    check_width(page)
    check_accessibility(page)
    take_screenshot(page, name)


@pytest.mark.parametrize("name", ["classifier/report.html", "detector/report.html", "inspection.html"])
def test_a_report_with_everything_and_hostile_names_can_be_read(page: Page, pages: pathlib.Path, name: str) -> None:
    check(page, pages / name, name.replace("/", "-").removesuffix(".html"))


def test_the_tables_of_a_report_fit_a_phone(phone: Page, pages: pathlib.Path) -> None:
    phone.goto((pages / "classifier/report.html").as_uri())
    wide = phone.evaluate(
        """() => [...document.querySelectorAll(".scroll")]
            .filter(found => found.scrollWidth > found.clientWidth).map(found => found.ariaLabel)"""
    )
    assert wide == []


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", RUN_PAGES)
def test_the_pages_of_a_run_can_be_read(page: Page, run_pages: pathlib.Path, name: str) -> None:
    check(page, run_pages / name, pathlib.PurePath(name).stem)
