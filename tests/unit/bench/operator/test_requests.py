"""What is made of the metrics of an API server and of an operator."""

import pathlib
from collections import Counter
from typing import Any

import pytest

from bench.operator import requests
from bench.operator.requests import Reconciles, Requests, count_watches, read_reconciles, read_requests

TEXT = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",group="darkroom.dev",resource="models",verb="LIST"} 12
apiserver_request_total{code="410",group="darkroom.dev",resource="models",verb="LIST"} 1
apiserver_request_total{code="200",group="darkroom.dev",resource="models",verb="PATCH"} 3
apiserver_request_total{code="201",group="batch",resource="jobs",verb="POST"} 2
apiserver_request_total{code="200",group="batch",resource="jobs",verb="GET"} 4
apiserver_request_total{code="200",group="kueue.x-k8s.io",resource="workloads",verb="LIST"} 5
apiserver_request_total{code="200",group="",resource="secrets",verb="GET"} 99
apiserver_longrunning_requests{resource="models",verb="WATCH"} 1
apiserver_longrunning_requests{resource="pods",verb="WATCH"} 2
apiserver_longrunning_requests{resource="nodes",verb="WATCH"} 7
"""


@pytest.fixture(autouse=True)
def plane(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let an API server answer with that text."""
    monkeypatch.setattr(requests, "read", lambda _plane, _path: TEXT)


def test_requests_are_counted_by_what_they_do_and_those_of_others_are_not() -> None:
    plane: Any = None
    made = read_requests(plane)
    assert (made.writes, made.lists, made.reads_of_one, made.queue_reads) == (5, 13, 4, 5)
    assert (made - Requests(Counter({("jobs", "GET"): 3}))).reads_of_one == 1


def test_watches_of_others_are_not_counted() -> None:
    plane: Any = None
    assert count_watches(plane) == 3


def test_a_quantile_is_the_bound_of_the_bucket_in_which_it_lies(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "metrics"
    series = [("Model", "0.01", 90), ("Model", "0.1", 98), ("Model", "+Inf", 99), ("Dataset", "0.01", 1)]
    series += [("Dataset", "0.1", 1), ("Dataset", "+Inf", 1)]
    name = "darkroom_reconcile_duration_seconds_bucket"
    page.write_text("".join(f'{name}{{kind="{kind}",le="{bound}"}} {count}\n' for kind, bound, count in series))
    took = read_reconciles(page.as_uri())
    assert (took.count, took.quantile(0.5), took.quantile(0.99)) == (100, 0.01, 0.1)
    assert (took - took).quantile(0.99) == 0.0
    assert Reconciles(Counter()).count == 0
