"""The Evaluations of a namespace, one of them, and two side by side."""

import pytest

from darkroom_api.conditions import RunPhase
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_server.pages.published import send_report
from tests.support.server.browsing import signed_in
from tests.support.server.finished import a_performance, finish_evaluation
from tests.support.server.local import LocalServer
from tests.support.server.results import create, find_place, write_results


def test_evaluations_are_listed_by_their_dataset_and_two_can_be_chosen(server: LocalServer) -> None:
    finish_evaluation(server, "one", "sorter", a_performance(0.5))
    finish_evaluation(server, "two", "sorter-2", a_performance(0.9))
    create(server, "Evaluation", "young", {"model": "sorter-3", "dataset": "fruit"})
    body = signed_in(server.address).get("/evaluations").body.decode()
    assert body.count("<h2 id=") == 1
    assert body.count('type="radio"') == 4  # the young one has no scores yet
    assert body.count("checked") == 2


def test_two_models_on_one_dataset_are_compared_overall_and_by_tag(server: LocalServer) -> None:
    finish_evaluation(server, "one", "sorter", a_performance(0.5, apple=0.4, pear=0.6))
    finish_evaluation(server, "two", "sorter-2", a_performance(0.9, apple=0.9))
    body = signed_in(server.address).get("/comparison?left=one&right=two").body.decode()
    assert "+0.400" in body
    assert "+0.500" in body
    assert body.index("apple") < body.index("pear")
    assert "do not overlap" in body


@pytest.mark.parametrize(
    ("right", "status", "says"),
    [
        ("other-data", 400, "two Datasets, fruit and pears"),
        ("young", 409, "has no scores: it is Queued"),
        ("nothing", 404, "there is no Evaluation"),
        ("", 404, "there is no Evaluation"),
    ],
)
def test_what_cannot_be_compared_is_said_in_words(server: LocalServer, right: str, status: int, says: str) -> None:
    finish_evaluation(server, "one", "sorter", a_performance())
    finish_evaluation(server, "other-data", "sorter", a_performance(), dataset="pears")
    create(server, "Evaluation", "young", {"model": "sorter", "dataset": "fruit"})
    answer = signed_in(server.address).get(f"/comparison?left=one&right={right}")
    assert (answer.status, says in answer.body.decode()) == (status, True)


@pytest.mark.parametrize("metrics", [b"[" * 5000, b'{"performance": [' + b"{}," * 70_000 + b"{}]}"])
def test_a_comparison_does_without_the_tags_of_a_file_that_is_not_ours(server: LocalServer, metrics: bytes) -> None:
    for name in ("one", "two"):
        finish_evaluation(server, name, "sorter", a_performance(0.5))
        artifacts = write_results(find_place(server, "Evaluation", name), {"metrics.json": metrics})
        status = EvaluationStatus(phase=RunPhase.SUCCEEDED, performance=a_performance(0.5), artifacts=artifacts)
        server.tell("Evaluation", name, status)
    assert signed_in(server.address).get("/comparison?left=one&right=two").status == 200


def test_an_evaluation_shows_its_report_in_a_frame(server: LocalServer) -> None:
    finish_evaluation(server, "one", "sorter", a_performance())
    browser = signed_in(server.address)
    assert b'<iframe class="report" sandbox title=' in browser.get("/evaluations/one").body
    policy = send_report(b"").headers["content-security-policy"]
    assert browser.get("/evaluations/one/report").headers["content-security-policy"] == policy
    assert policy.startswith("sandbox;")
