"""The Lua health checks of examples/argocd, run in a real Lua."""

from typing import Any, Final

import lupa
import pytest
import yaml

from darkroom_api.conditions import DatasetPhase, RunPhase
from hack.tools.generate import ROOT

CHECKS: Final[dict[str, str]] = yaml.safe_load((ROOT / "examples/argocd/argocd-cm.yaml").read_text())["data"]


def judge(kind: str, status: dict[str, Any] | None, generation: int = 1) -> tuple[str, str]:
    """Return Argo CD's health status and message for an object."""
    runtime = lupa.LuaRuntime(unpack_returned_tuples=True)
    check = runtime.eval(f"function(obj) {CHECKS[f'resource.customizations.health.darkroom.dev_{kind}']} end")
    obj: dict[str, Any] = {"metadata": {"generation": generation}}
    if status is not None:
        obj["status"] = {"observedGeneration": 1, **status}
    answer = check(runtime.table_from(obj, recursive=True))
    return answer["status"], answer["message"]


@pytest.mark.parametrize("kind", ["Model", "Evaluation"])
@pytest.mark.parametrize(
    ("status", "generation", "health"),
    [
        (None, 1, "Progressing"),
        ({"phase": "Queued", "reason": "Unschedulable"}, 1, "Progressing"),
        ({"phase": "Queued", "reason": "Suspended"}, 1, "Suspended"),
        ({"phase": "Queued", "reason": "InvalidConfiguration"}, 1, "Degraded"),
        ({"phase": "Queued", "reason": "NotAllowed"}, 1, "Degraded"),
        ({"phase": "Queued", "reason": "InvalidConfiguration"}, 2, "Progressing"),
        ({"phase": "Training", "reason": "Training"}, 1, "Progressing"),
        ({"phase": "Succeeded", "reason": "Succeeded"}, 1, "Healthy"),
        ({"phase": "Succeeded", "reason": "Succeeded"}, 2, "Healthy"),
        ({"phase": "Failed", "reason": "TrainingDiverged"}, 1, "Degraded"),
        ({"phase": "Cancelled", "reason": "Cancelled"}, 1, "Suspended"),
    ],
)
def test_a_run_has_its_health(kind: str, status: dict[str, Any] | None, generation: int, health: str) -> None:
    assert judge(kind, status, generation)[0] == health


@pytest.mark.parametrize(
    ("status", "generation", "health"),
    [
        (None, 1, "Progressing"),
        ({"phase": "Inspecting", "reason": "Inspecting"}, 1, "Progressing"),
        ({"phase": "Pending", "reason": "InvalidConfiguration"}, 1, "Degraded"),
        ({"phase": "Ready", "reason": "Ready"}, 1, "Healthy"),
        ({"phase": "Invalid", "reason": "DatasetCorrupt"}, 1, "Degraded"),
        ({"phase": "Invalid", "reason": "DatasetCorrupt"}, 2, "Progressing"),
    ],
)
def test_a_dataset_has_its_health(status: dict[str, Any] | None, generation: int, health: str) -> None:
    assert judge("Dataset", status, generation)[0] == health


@pytest.mark.parametrize("phase", [*RunPhase])
def test_every_phase_of_a_run_is_judged_with_its_message(phase: RunPhase) -> None:
    health, message = judge("Model", {"phase": phase.value, "reason": "Unknown", "message": "Why."})
    assert health in ("Progressing", "Healthy", "Degraded", "Suspended")
    assert message == "Unknown: Why."


@pytest.mark.parametrize("phase", [*DatasetPhase])
def test_every_phase_of_a_dataset_is_judged_with_its_message(phase: DatasetPhase) -> None:
    assert judge("Dataset", {"phase": phase.value, "reason": "Unknown", "message": "Why."})[1] == "Unknown: Why."
