"""The points of the crash matrix: one kill each, and what the report says of it. Runs nothing."""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults.crashes.lifecycles import Lifecycle
from tests.faults.proxy.mutations import Moment

LAST_REPORT: Final = (
    ".status.attempts[0].exitCode",
    ".status.attempts[0].chargedSeconds",
    ".status.attempts[0].allocatedSeconds",
    ".status.budget.allocatedSeconds",
    ".status.allocation.deadlineSeconds",
    ".jobs.<child>-2.annotations.darkroom.dev/allocation",
    ".jobs.<child>-2.spec.template.metadata.annotations.darkroom.dev/run-config",
    ".jobs.<child>-2.spec.template.spec.activeDeadlineSeconds",
)
"""What may differ where a pod was stopped and went while no operator ran: nobody has heard its last report. What was
charged is in the checkpoint, so that the run's own bill stays right."""
STOPPING_WRITES: Final = 3
"""The write that stops a pod and those until its end is written down."""


@dataclass
class Point:
    """One kill, and what became of it."""

    lifecycle: Lifecycle
    number: int
    moment: Moment
    name: str = ""
    killed_at: str = ""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    has_lost_report: bool = False
    settled_at: float = 0.0

    def __str__(self) -> str:
        """Return the row of the report."""
        lost = ", but for the stopped pod's last report" if self.has_lost_report else ""
        verdict = f"same{lost}" if not self.problems else "; ".join(self.problems)
        where = f"{self.moment.value} {self.number}"
        return f"{self.lifecycle.name:16} {where:10} {self.killed_at:26} {self.seconds:5.1f} s  {verdict}"

    def judge(self, reference: "Reference", differences: list[str]) -> list[str]:
        """Return the differences that count."""
        before = reference.writes[max(self.number - STOPPING_WRITES, 0) : self.number]
        if not differences or not any(write.startswith("DELETE") for write in before):
            return differences
        others = [text for text in differences if not text.startswith(tuple(f"{path}: " for path in LAST_REPORT))]
        self.has_lost_report = not others
        return others


@dataclass
class Reference:
    """What two undisturbed runs of a lifecycle left behind, and its writes."""

    end: Any
    writes: list[str]


def summarise(points: list[Point]) -> str:
    """Return one line for each lifecycle."""
    rows = []
    for lifecycle in dict.fromkeys(point.lifecycle for point in points):
        mine = [point for point in points if point.lifecycle is lifecycle]
        right = [point for point in mine if not point.problems]
        lost = [point for point in mine if point.has_lost_report]
        but = f", {len(lost)} of them but for the stopped pod's last report" if lost else ""
        rows.append(
            f"{lifecycle.name}: {len(mine) // 2} writes, {len(mine)} kills, {len(right)} with the same end{but}"
        )
    return "\n".join(rows)
