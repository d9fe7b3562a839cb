"""What the soak does to its Models and to the operator, at random moments out of one seed.

Owns the harm. Must not judge what follows.
"""

import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bench.clusters.release import ClusterSession
from bench.soak.plan import Part, Sleeper
from tests.cluster.api import manifests
from tests.cluster.api.connection import Manifest, Refusal
from tests.cluster.api.waiting import SYSTEM_NAMESPACE
from tests.cluster.host import processes

MOST_CRASHES: Final = 3
"""SIGKILLs for one Model: a fifth would rightly end it."""
KILL_EVERY: Final = (2.0, 6.0)
OPERATOR_EVERY: Final = (20.0, 60.0)
STEERED_AFTER: Final = (1.0, 20.0)
SUSPENDED_SECONDS: Final = 8.0
TICK_SECONDS: Final = 0.3
HARMS: Final = ("SIGKILL", "SIGKILL", "deletion", "deletion", "eviction", "forced deletion")


@dataclass
class Chaos:
    """The timetable: Models come evenly over `arrival_seconds`, harm comes until `until`, both on time.monotonic."""

    session: ClusterSession
    sleepers: list[Sleeper]
    chance: random.Random
    arrival_seconds: float
    until: float
    done: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    _steps: list[tuple[float, str, Sleeper]] = field(default_factory=list)

    def run(self) -> None:
        """Go through the timetable to its end."""
        self._plan(time.monotonic())
        next_kill = next_operator = time.monotonic() + 5
        while time.monotonic() < self.until or self._steps:
            now = time.monotonic()
            while self._steps and self._steps[0][0] <= now:
                self._take(self._steps.pop(0))
            if next_kill <= now < self.until:
                self._harm_a_trainer()
                next_kill = now + self.chance.uniform(*KILL_EVERY)
            if next_operator <= now < self.until:
                self._kill_an_operator()
                next_operator = now + self.chance.uniform(*OPERATOR_EVERY)
            time.sleep(TICK_SECONDS)

    def _plan(self, start: float) -> None:
        pause = self.arrival_seconds / len(self.sleepers)
        for number, sleeper in enumerate(self.sleepers):
            comes = start + number * pause
            self._steps.append((comes, "apply", sleeper))
            steered = comes + self.chance.uniform(*STEERED_AFTER)
            if sleeper.part is Part.CANCELLED:
                self._steps.append((steered, "cancel", sleeper))
            if sleeper.part is Part.SUSPENDED:
                self._steps.append((steered, "suspend", sleeper))
                self._steps.append((steered + SUSPENDED_SECONDS, "resume", sleeper))
        self._steps.sort(key=lambda step: step[0])

    def _take(self, step: tuple[float, str, Sleeper]) -> None:
        _, action, sleeper = step
        self.done[action] += 1
        if action == "apply":
            budget = f"{sleeper.budget_seconds}s"
            self.session.connection.apply(
                manifests.a_model(sleeper.name, self.session.namespace, sleeper.dataset, budget=budget)
            )
            return
        spec = {"cancel": {"cancel": True}, "suspend": {"suspend": True}, "resume": {"suspend": False}}[action]
        self.session.connection.merge("Model", sleeper.name, self.session.namespace, {"spec": spec})

    def _harm_a_trainer(self) -> None:
        pods = [pod for pod in self.session.connection.select("Pod", self.session.namespace) if _is_working(pod)]
        if not pods:
            return
        pod, harm = self.chance.choice(pods), self.chance.choice(HARMS)
        owner = pod["metadata"]["labels"]["darkroom.dev/name"]
        if harm == "SIGKILL" and self.crashes[owner] >= MOST_CRASHES:
            harm = "deletion"
        with contextlib.suppress(Refusal):  # the pod went meanwhile
            self._harm(pod, owner, harm)

    def _harm(self, pod: Manifest, owner: str, harm: str) -> None:
        connection, name = self.session.connection, pod["metadata"]["name"]
        if harm == "SIGKILL":
            self.crashes[owner] += bool(processes.kill_processes(pod))
        elif harm == "eviction":
            connection.evict(name, self.session.namespace)
        else:
            connection.delete("Pod", name, self.session.namespace, 0 if harm == "forced deletion" else None)
        self.done[harm] += 1

    def _kill_an_operator(self) -> None:
        pods = [pod for pod in self.session.installation.operator_pods() if _is_working(pod)]
        if pods:
            pod = self.chance.choice(pods)
            processes.kill_processes(pod)
            self.session.connection.delete("Pod", pod["metadata"]["name"], SYSTEM_NAMESPACE, grace_seconds=0)
            self.done["operator SIGKILL"] += 1


def _is_working(pod: Manifest) -> bool:
    return pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
