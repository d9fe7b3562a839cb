"""What several of the operator's tests start from."""

import pytest

from darkroom_operator.api.resources import DATASETS, MODELS
from tests.builders import a_dataset_spec, a_model_spec, stamp
from tests.unit.operator.desk import JOB_NAME, Desk
from tests.unit.operator.workbench import Workbench

READY = {"observedGeneration": 1, "phase": "Ready", "reason": "Ready", "conditions": [], "attempts": []}


@pytest.fixture
def bench() -> Workbench:
    """Return a workbench with a Ready Dataset and a Model."""
    bench = Workbench()
    bench.cluster.add(DATASETS, {"metadata": {"name": "fruit"}, "spec": a_dataset_spec().to_json(), "status": READY})
    bench.cluster.add(
        MODELS,
        {"metadata": {"name": "fruit", "creationTimestamp": stamp(0)}, "spec": a_model_spec().to_json()},
    )
    return bench


@pytest.fixture
def desk(bench: Workbench) -> Desk:
    """Return a desk whose Model has a Job since the clock's start."""
    bench.reconcile()
    bench.cluster.objects["jobs", "vision", JOB_NAME]["metadata"]["creationTimestamp"] = stamp(0)
    bench.start()
    return Desk(bench)
