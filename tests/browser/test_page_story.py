"""The page as a person uses it over `darkroom serve --local`: from the first sign-in to labels of their own."""

import json
import pathlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from bench.clusters.ports import find_free_port
from darkroom_server.backends.local_backend import LocalBackend
from darkroom_trainer.command import main as darkroom
from tests.browser.test_screens import sign_in
from tests.support.browsing import check_accessibility, check_width, take_screenshot
from tests.support.server.finished import finish_prediction
from tests.support.server.local import LocalServer

BUDGET = "25s"
START_SECONDS = 60.0
TRAIN_MILLISECONDS = 240_000


@dataclass(frozen=True)
class Served:
    """Where the server is, the key that it printed, its data, and the folder of a Prediction that was there before."""

    address: str
    key: str
    data: pathlib.Path
    prediction: pathlib.Path


@pytest.fixture
def served(tmp_path: pathlib.Path) -> Iterator[Served]:
    state, data = tmp_path / "state", tmp_path / "data"
    assert darkroom(["samples", "digits", "--to", str(data), "--shots", "6"]) == 0
    backend = LocalBackend(state)
    prediction = finish_prediction(LocalServer("", backend, state))
    backend.close()
    port = find_free_port()
    flags = ["--local", str(state), "--port", str(port), "--allow-folder", str(data)]
    command = [sys.executable, "-m", "darkroom_trainer.command", "serve", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(3)]
            assert lines[2] == f"page: http://127.0.0.1:{port}/ui/\n"
            _wait(f"http://127.0.0.1:{port}")
            yield Served(f"http://127.0.0.1:{port}", lines[1].split()[1], data, prediction)
        finally:
            process.terminate()
            process.wait(40)


def _wait(address: str) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at:
        try:
            urllib.request.urlopen(f"{address}/v2/health/live", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_from_the_first_manifest_to_labels_for_the_next(desktop: Page, served: Served) -> None:
    sign_in(desktop, served.address, served.key)
    _train(desktop, served)
    _try_a_picture(desktop, served)
    _correct_a_box(desktop, served)


def _train(page: Page, served: Served) -> None:
    page.get_by_role("link", name="New model").first.click()
    page.get_by_label("Name", exact=True).fill("reader")
    page.get_by_label("Task").select_option("classifier")
    page.locator("input[name=dataset]").fill("digits")
    page.get_by_label("COCO files").fill((served.data / "train.json").as_uri())
    page.get_by_label("Budget").fill(BUDGET)
    page.get_by_role("button", name="Write the manifest").click()
    assert f"budget: {BUDGET}" in page.locator("#manifest").inner_text()
    page.get_by_role("button", name="Apply it now").click()
    page.wait_for_url("**/ui/models/reader")
    page.locator("#state[data-phase=Training]").wait_for(timeout=TRAIN_MILLISECONDS)
    check_accessibility(page)
    take_screenshot(page, "training")
    page.locator("#state[data-phase=Succeeded]").wait_for(timeout=TRAIN_MILLISECONDS)
    page.get_by_text("Try a picture").wait_for()


def _try_a_picture(page: Page, served: Served) -> None:
    page.set_input_files("#file", sorted((served.data / "images").iterdir())[0])
    page.get_by_text("Most likely:").wait_for()
    assert page.locator("#found tr").count() == 10
    report = page.frame_locator("iframe.report")
    report.get_by_role("heading").first.wait_for()
    check_accessibility(page)
    check_width(page)
    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("link", name="digits").click()
    page.locator(".shots img").first.wait_for()
    check_accessibility(page)


def _correct_a_box(page: Page, served: Served) -> None:
    page.get_by_role("link", name="Predictions").click()
    page.get_by_role("link", name="rest").click()
    page.get_by_label("Tag 1").select_option("pear")
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("button", name="Save as labels").click()
    page.get_by_text("Saved.").wait_for()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download the accepted labels").click()
    labels = json.loads(pathlib.Path(downloading.value.path()).read_text())
    assert [image["file_name"] for image in labels["images"]] == ["a.png"]
    assert labels["annotations"][0]["category_id"] == 2
    assert (served.prediction / "reviewed.json").exists()
