"""The Models of a namespace, and one of them: live, with its report, asked about a picture."""

import io
import json
import shlex

import pytest
from PIL import Image

from darkroom_api.conditions import RunPhase
from darkroom_api.v1alpha1.run_status import ProgressStatus
from darkroom_server.pages.content.cards import build_model_card
from darkroom_server.pages.model_screens import build_snippets
from tests.support.server.browsing import Browser, signed_in
from tests.support.server.finished import a_performance, finish_evaluation, finish_model, finish_prediction
from tests.support.server.local import OTHER_KEY, LocalServer
from tests.support.server.models import a_stored_model, draw
from tests.support.server.results import create, draw_sheet, find_place


def test_the_models_of_the_namespace_come_newest_first_with_score_budget_and_phase(server: LocalServer) -> None:
    finish_model(server, "first")
    create(server, "Model", "second", {"task": "classifier", "dataset": "fruit", "budget": "1h"})
    body = signed_in(server.address).get("/models").body.decode()
    assert body.index("/ui/models/second") < body.index("/ui/models/first")
    assert "0.800" in body
    assert "0.700 to 0.900" in body
    assert "15 min of 1 h" in body
    assert "Queued" in body
    assert "/ui/models/first" not in signed_in(server.address, OTHER_KEY).get("/models").body.decode()


def test_more_models_than_a_page_holds_are_on_further_pages(server: LocalServer) -> None:
    for number in range(14):
        create(server, "Model", f"m-{number}", {"task": "classifier", "dataset": "fruit", "budget": "1h"})
    browser = signed_in(server.address)
    pages = [browser.get(f"/models?page={number}").body.decode() for number in (1, 2, 99)]
    shown = [page.count('<li class="card">') for page in pages]
    assert shown == [12, 2, 2]
    assert 'rel="next" href="?page=2"' in pages[0]
    assert 'rel="prev" href="?page=1"' in pages[1]


def test_one_model_shows_its_report_in_a_frame_without_rights_and_links_what_used_it(server: LocalServer) -> None:
    finish_model(server)
    finish_evaluation(server, "on-fruit", "sorter", a_performance())
    finish_prediction(server, "rest")
    browser = signed_in(server.address)
    body = browser.get("/models/sorter").body.decode()
    assert '<iframe class="report" sandbox title=' in body
    assert "/ui/evaluations/on-fruit" in body
    assert "/ui/predictions/rest" in body
    report = browser.get("/models/sorter/report")
    assert report.body == b"<h1>Report</h1>"
    assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "script-src" not in report.headers["content-security-policy"]


def test_a_report_that_was_changed_in_the_bucket_is_not_shown(server: LocalServer) -> None:
    finish_model(server, "changed")
    (find_place(server, "Model", "changed") / "report.html").write_bytes(b"<h1>Other!</h1>")
    answer = signed_in(server.address).get("/models/changed/report")
    assert (answer.status, b"Other!" in answer.body) == (409, False)


def test_the_state_of_a_training_is_told_as_a_part_of_the_page(server: LocalServer) -> None:
    create(server, "Model", "sorter", {"task": "detector", "dataset": "fruit", "budget": "1h"})
    server.begin()
    status = server.find("Model", "sorter").status
    progress = ProgressStatus(percent=37, stage="Round 2", eta_seconds=120)
    server.tell("Model", "sorter", status.model_copy(update={"progress": progress}))
    browser = signed_in(server.address)
    part = browser.get("/models/sorter/state").body.decode()
    assert 'data-ended="no"' in part
    assert ('value="37"' in part, "Round 2" in part, "2 min" in part) == (True, True, True)
    assert "<html" not in part
    server.tell("Model", "sorter", status.model_copy(update={"phase": RunPhase.FAILED, "message": "It diverged."}))
    assert 'data-ended="yes"' in browser.get("/models/sorter/state").body.decode()


def test_the_picture_of_a_model_is_the_beginning_of_its_sheet_without_the_heading(server: LocalServer) -> None:
    finish_model(server, files={"predictions.png": draw_sheet()})
    answer = signed_in(server.address).get("/models/sorter/picture")
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert Image.open(io.BytesIO(answer.body)).size == (494, 266)


def test_a_model_without_a_picture_shows_a_mark_in_its_place(server: LocalServer) -> None:
    finish_model(server)
    answer = signed_in(server.address).get("/models/sorter/picture")
    assert (answer.status, answer.headers["location"]) == (303, "/ui/static/no-picture.svg")


def test_a_picture_is_answered_as_the_rest_route_does(server: LocalServer) -> None:
    finish_model(server)
    answer = signed_in(server.address).post("/models/sorter/answers", draw(("red", 1, 1), ("blue", 3, 2)))
    found = answer.json["customModelResult"]["objectsResult"]["values"]
    assert sorted(one["tags"][0]["name"] for one in found) == ["blue", "red"]
    assert answer.json["metadata"] == {"width": 160, "height": 80}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Origin": "https://evil.example"}, draw(), 403),
        ({}, b"no picture", 400),
        ({}, b"", 400),
    ],
)
def test_what_is_no_picture_or_no_request_of_the_page_is_refused_in_words(
    server: LocalServer, headers: dict[str, str], body: bytes, status: int
) -> None:
    finish_model(server)
    browser = signed_in(server.address)
    browser.headers = headers
    answer = browser.post("/models/sorter/answers", body)
    assert (answer.status, len(answer.json["error"]["message"]) > 10) == (status, True)


@pytest.mark.parametrize("path", ["", "/state", "/picture", "/report"])
def test_a_model_that_is_not_there_is_said_not_to_be(server: LocalServer, path: str) -> None:
    answer = signed_in(server.address).get(f"/models/nothing{path}")
    assert (answer.status, b"there is no Model" in answer.body) == (404, True)


def test_nobody_sees_anything_without_signing_in(server: LocalServer) -> None:
    finish_model(server)
    for path in ("/state", "/picture"):
        assert Browser(server.address).get(f"/models/sorter{path}").status == 401
    assert Browser(server.address).post("/models/sorter/answers", draw()).status == 401


def test_no_name_leaves_its_place_in_a_snippet() -> None:
    hostile = "a'; rm -rf ~; '\"\n$(reboot)&x=1"
    card = build_model_card(a_stored_model("sorter"))
    snippets = build_snippets(type(card)(**{**card.__dict__, "title": hostile}), "https://h.example", "team-a")
    url = shlex.split(snippets["curl"].replace("\\\n", ""))[2]
    assert url.startswith("https://h.example/computervision/imageanalysis:analyze?")
    assert not {"'", '"', "$", "\n", ";", " "} & set(url)
    assert json.dumps(url) in snippets["Python"]
    compile(snippets["Python"], "snippet", "exec")
