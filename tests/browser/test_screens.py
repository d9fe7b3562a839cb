"""The screens of the server in a real browser: usable by all, no wider than a phone, and quiet, whatever they show."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page

from darkroom_api.v1alpha1.run_status import ProgressStatus
from darkroom_labels.coco_labels import Label, LabelledImage, Review
from tests.support.browsing import check_accessibility, check_width
from tests.support.report_builders import HOSTILE
from tests.support.server.finished import (
    a_performance,
    finish_dataset,
    finish_evaluation,
    finish_model,
    finish_prediction,
)
from tests.support.server.local import LocalServer, serving
from tests.support.server.parts import KEY
from tests.support.server.results import create, draw_sheet

SCREENS: Final = {
    "models": "/models",
    "model": "/models/sorter",
    "model-training": "/models/young",
    "datasets": "/datasets",
    "dataset": "/datasets/fruit",
    "evaluations": "/evaluations",
    "evaluation": "/evaluations/one",
    "comparison": "/comparison?left=one&right=two",
    "predictions": "/predictions",
    "review": "/predictions/rest",
    "new": "/new",
}
NAMES: Final = tuple(name.encode("utf-8", "replace").decode() for name in HOSTILE)


def _a_picture(number: int) -> LabelledImage:
    labels = tuple(Label(name, (0.1 + 0.05 * at, 0.1 + 0.05 * at, 0.3, 0.3), 0.5) for at, name in enumerate(NAMES))
    preview = f"previews/{number:06d}.jpg"
    name = NAMES[number]
    return LabelledImage(80, 60, name, name, labels=labels, review=Review.PENDING, uncertainty=0.5, preview=preview)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server with one of everything; strangers have chosen the tags, the files and the messages."""
    pictures = (_a_picture(1), _a_picture(2))
    with serving(tmp_path_factory.mktemp("screens") / "state") as server:
        finish_dataset(server, images=pictures, tags=NAMES)
        finish_model(
            server, files={"report.html": b"<script>fetch('/ui/models')</script>", "predictions.png": draw_sheet()}
        )
        create(server, "Model", "young", {"task": "detector", "dataset": "fruit", "budget": "1h"})
        server.begin("young")
        status = server.find("Model", "young").status
        progress = ProgressStatus(percent=40, stage=NAMES[0][:64], eta_seconds=90)
        server.tell("Model", "young", status.model_copy(update={"progress": progress, "message": NAMES[1]}))
        finish_evaluation(server, "one", "sorter", a_performance(0.5, **dict.fromkeys(NAMES, 0.5)))
        finish_evaluation(server, "two", "young", a_performance(0.9, **dict.fromkeys(NAMES, 0.9)))
        finish_prediction(server, images=pictures, tags=NAMES)
        yield server


def sign_in(page: Page, address: str, key: str = KEY) -> None:
    """Sign in as a person does."""
    page.goto(f"{address}/")
    page.get_by_label("Key or token").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/ui/models")


def test_the_door_can_be_used_by_all(page: Page, server: LocalServer, console_errors: list[str]) -> None:
    page.goto(f"{server.address}/")
    check_width(page)
    check_accessibility(page)
    page.get_by_label("Key or token").fill("no-key-of-this-server")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    check_accessibility(page)
    console_errors.clear()  # the browser tells of the 401


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_can_be_used_by_all(page: Page, server: LocalServer, console_errors: list[str], name: str) -> None:
    sign_in(page, server.address)
    page.goto(f"{server.address}/ui{SCREENS[name]}")
    page.wait_for_load_state("networkidle")
    check_width(page)
    check_accessibility(page)
    assert page.evaluate("document.querySelectorAll('main script, main [onerror], main style, main bdi *').length") == 0
    # Of a report that a stranger wrote, the frame tells that it ran nothing.
    console_errors[:] = [
        error for error in console_errors if "sandboxed" not in error and "Content Security" not in error
    ]


def test_a_report_of_a_stranger_runs_nothing_in_a_window_of_its_own(
    desktop: Page, server: LocalServer, console_errors: list[str]
) -> None:
    sign_in(desktop, server.address)
    desktop.goto(f"{server.address}/ui/models/sorter/report")
    assert desktop.evaluate("self.origin") == "null"
    assert [error for error in console_errors if "script" in error.lower()]
    console_errors.clear()


def test_a_review_is_done_with_the_keyboard_alone(desktop: Page, server: LocalServer) -> None:
    sign_in(desktop, server.address)
    folder = finish_prediction(server, "keys")
    desktop.goto(f"{server.address}/ui/predictions/keys")
    box = desktop.get_by_role("button", name="Box 1: apple")
    box.focus()
    before = box.bounding_box()
    desktop.keyboard.press("ArrowRight")
    desktop.keyboard.press("Shift+ArrowDown")
    after = box.bounding_box()
    assert before is not None
    assert after is not None
    assert (after["x"] > before["x"], after["height"] > before["height"]) == (True, True)
    desktop.keyboard.press("2")
    desktop.get_by_role("button", name="Box 1: pear").wait_for()
    for key in ("n", "Delete", "a", "r", "s"):
        desktop.keyboard.press(key)
    desktop.get_by_text("Saved.").wait_for()
    written = (folder / "reviewed.json").read_text()
    assert ('"accepted"' in written, '"rejected"' in written, written.count('"bbox"')) == (True, True, 1)


def test_a_box_is_drawn_moved_and_resized_with_the_mouse(desktop: Page, server: LocalServer) -> None:
    sign_in(desktop, server.address)
    finish_prediction(server, "mouse")
    desktop.goto(f"{server.address}/ui/predictions/mouse")
    mark = desktop.get_by_role("button", name="Box 1: apple")
    edge = mark.bounding_box()
    assert edge is not None
    _drag(desktop, edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2, 40, 0)
    moved = mark.bounding_box()
    assert moved is not None
    assert abs(moved["x"] - edge["x"] - 40) < 2
    _drag(desktop, moved["x"] + moved["width"], moved["y"] + moved["height"], 30, 20)
    sized = mark.bounding_box()
    assert sized is not None
    assert abs(sized["width"] - moved["width"] - 30) < 3
    stage = desktop.locator("#stage").bounding_box()
    assert stage is not None
    _drag(desktop, stage["x"] + stage["width"] * 0.7, stage["y"] + stage["height"] * 0.7, 60, 60)
    desktop.get_by_role("button", name="Box 2: apple").wait_for()


def test_a_box_is_drawn_with_a_finger(phone: Page, server: LocalServer) -> None:
    sign_in(phone, server.address)
    finish_prediction(server, "finger")
    phone.goto(f"{server.address}/ui/predictions/finger")
    phone.get_by_role("button", name="Draw a box").tap()
    stage = phone.locator("#stage").bounding_box()
    assert stage is not None
    touch = phone.context.new_cdp_session(phone)
    for kind, share in (("touchStart", 0.6), ("touchMove", 0.8), ("touchEnd", None)):
        points = (
            []
            if share is None
            else [{"x": stage["x"] + stage["width"] * share, "y": stage["y"] + stage["height"] * share}]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    phone.get_by_role("button", name="Box 2: apple").wait_for()


def test_who_saves_second_loses_nothing(desktop: Page, server: LocalServer, console_errors: list[str]) -> None:
    sign_in(desktop, server.address)
    folder = finish_prediction(server, "both")
    other = desktop.context.new_page()
    for page in (desktop, other):
        page.goto(f"{server.address}/ui/predictions/both")
        page.get_by_text("1 of 2").wait_for()
    desktop.get_by_role("button", name="Accept").click()
    desktop.get_by_role("button", name="Save as labels").click()
    desktop.get_by_text("Saved.").wait_for()
    other.get_by_role("button", name="Next").click()
    other.get_by_role("button", name="Reject").click()
    other.get_by_role("button", name="Save as labels").click()
    other.get_by_text("nothing of yours is lost").wait_for()
    console_errors.clear()  # the browser tells of the 409
    other.get_by_text("1 accepted, 1 rejected").wait_for()
    other.get_by_role("button", name="Save as labels").click()
    other.get_by_text("Saved.").wait_for()
    written = (folder / "reviewed.json").read_text()
    assert ('"accepted"' in written, '"rejected"' in written) == (True, True)


def _drag(page: Page, x: float, y: float, right: float, down: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2)
    page.mouse.move(x + right, y + down)
    page.mouse.up()
