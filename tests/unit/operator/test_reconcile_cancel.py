"""A cancelled Model on an API server in memory, with an operator that dies at each of its writes."""

import json
from typing import Any

import pytest

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_operator.api.resources import JOBS, MODELS, PODS
from darkroom_operator.manifests.pod import ANNOTATION_RUN_CONFIG
from tests.builders import an_outcome, stamp
from tests.unit.operator.workbench import Workbench

ARTIFACTS = Artifacts(uri="s3://vision/fruit/darkroom/models/fruit-1")
STOPPED = an_outcome(Reason.RETRYING_AFTER_DISRUPTION, "Saved step 12.", charged=40)
PUBLISHED = an_outcome(Reason.CANCELLED, "Kept.", charged=45, artifacts=ARTIFACTS)


def end_pod(bench: Workbench, attempt: int, outcome: Outcome) -> None:
    """Let an attempt's pod start and end."""
    job = bench.cluster.objects[JOBS.plural, "vision", names.child_name("fruit", "uid-fruit", attempt)]
    ended = {
        "exitCode": int(outcome.exit_code),
        "startedAt": stamp(100 * attempt),
        "finishedAt": stamp(100 * attempt + 50),
        "message": outcome.to_termination_message(),
    }
    owner = {"uid": job["metadata"]["uid"], "controller": True}
    bench.cluster.add(
        PODS,
        {
            "metadata": {"name": f"p{attempt}", "labels": job["metadata"]["labels"], "ownerReferences": [owner]},
            "spec": {"nodeName": "node0"},
            "status": {"phase": "Failed", "containerStatuses": [{"name": "trainer", "state": {"terminated": ended}}]},
        },
    )


def reconcile(bench: Workbench, dies_before_status: bool) -> None:
    """Reconcile, at first with an operator that dies before it writes the status."""
    if dies_before_status:
        original = bench.cluster.patch

        async def die(*_: Any, **__: Any) -> Any:
            raise KeyboardInterrupt

        bench.cluster.patch = die  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            bench.reconcile()
        bench.cluster.patch = original  # type: ignore[method-assign]
        bench.start()
    bench.reconcile()


@pytest.mark.parametrize("dies", [False, True], ids=["undisturbed", "killed at each status"])
def test_a_cancelled_model_is_published_once_and_its_end_says_where(dies: bool, bench: Workbench) -> None:
    reconcile(bench, dies)
    model = bench.cluster.objects[MODELS.plural, "vision", "fruit"]
    bench.cluster.add(MODELS, {**model, "spec": {**model["spec"], "cancel": True}})
    end_pod(bench, 1, STOPPED)
    del bench.cluster.objects[JOBS.plural, "vision", names.child_name("fruit", "uid-fruit", 1)]
    reconcile(bench, dies)
    second = bench.cluster.objects[JOBS.plural, "vision", names.child_name("fruit", "uid-fruit", 2)]
    told = json.loads(second["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])
    assert (told["publishOnly"], told["allocatedSeconds"]) == (True, 50)
    assert [attempt.get("publishOnly") for attempt in bench.status()["attempts"]] == [None, True]
    end_pod(bench, 2, PUBLISHED)
    reconcile(bench, dies)
    status = bench.status()
    assert (status["phase"], status["artifacts"]["uri"]) == ("Cancelled", ARTIFACTS.uri)
    assert ARTIFACTS.uri in status["message"]
    assert (status["budget"]["chargedSeconds"], status["budget"]["allocatedSeconds"]) == (45, 100)
    assert [verb for verb, plural, _ in bench.cluster.writes if plural == "jobs"].count("create") <= 2
    written = len(bench.cluster.writes)
    bench.start()
    bench.reconcile()
    assert len(bench.cluster.writes) == written
