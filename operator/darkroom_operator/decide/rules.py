"""What differs between the kinds of run: a Model and an Evaluation each fill in one `RunRules`.

Owns the type. The way through the attempts is in `run`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.v1alpha1.common import Allocation, Attempt, Compute
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide.allocation import find_class
from darkroom_operator.decide.attempts import Ledger
from darkroom_operator.decide.decision import Problem
from darkroom_operator.decide.verdicts import Memory

SpecT = TypeVar("SpecT", ModelSpec, EvaluationSpec)
RunStatus = TypeVar("RunStatus", ModelStatus, EvaluationStatus)


def describe_memory(compute: Compute | None, config: OperatorConfig) -> Memory:
    """Return what the compute class gives a pod now."""
    name, chosen = find_class(compute, config)
    return Memory(f"computeClasses.{name}.memory", chosen.memory)


@dataclass(frozen=True)
class RunRules(Generic[SpecT, RunStatus]):
    """What differs between kinds of run."""

    working_phase: RunPhase
    working_reason: Reason
    working_message: str
    find_blocker: Callable[[], Problem | None]
    allocate: Callable[[tuple[Attempt, ...]], Allocation]
    """Returns what the next attempt is given after these."""
    memory: Memory
    suspend: bool
    cancel: bool
    account: Callable[[RunStatus, Ledger], RunStatus]
    """Brings the meters up to date."""
