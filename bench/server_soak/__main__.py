"""`python -m bench.server_soak --minutes 30`: two replicas of the server under load while all around them changes.

Real: the server's processes with the Kubernetes back end, an API server, a bucket, keep-alive clients, the networks of
the search. Models come to another version every minute; a replica is killed about every two minutes, another told to
stop; the bucket's keys are rotated. Played: the Service (a TCP balancer that does what one does), and the kubelet,
which starts a replica again at once and takes one that has ended out of the Service after a second. Prints a table;
exits 1 where a line of it is broken.
"""

import argparse
import contextlib
import functools
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bench import marks
from bench.server.pictures import draw_photo
from bench.server_soak import verdicts
from bench.server_soak.balancer import balancing
from bench.server_soak.callers import Callers
from bench.server_soak.replicas import Replicas
from bench.server_soak.verdicts import ALLOWED, Fate
from bench.server_soak.versions import write_version
from bench.server_soak.world import KEY, World, build_world

MARK: Final = "soak-server"
MODELS: Final = ("classifier", "detector")
SLOTS: Final = ("a", "b")
NUM_PICTURES: Final = 3
TICK_SECONDS: Final = 0.5


@dataclass
class Turn:
    """Something that is done again and again, at random times around a mean."""

    name: str
    do: Callable[[], None]
    mean_seconds: float
    disturbs: bool
    """Whether it takes a replica away: then both have to be ready."""
    next_at: float = 0.0
    done: int = 0

    def plan(self, chance: random.Random) -> None:
        """Choose when it is due."""
        self.next_at = time.monotonic() + self.mean_seconds * chance.uniform(0.7, 1.3)


def main() -> int:
    """Run the soak; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rate", type=float, default=3.0, help="requests a second of each client")
    parser.add_argument("--change-seconds", type=float, default=60, help="from one version of a Model to the next")
    parser.add_argument("--kill-seconds", type=float, default=120, help="from one kill to the next, and so of stops")
    parser.add_argument("--rotate-seconds", type=float, default=240, help="from one key of the bucket to the next")
    parser.add_argument("--models", type=pathlib.Path, help="folder that keeps the networks from one run to the next")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--log", type=pathlib.Path, help="file that the servers' logs are added to")
    parser.add_argument("--markdown", type=pathlib.Path, help=f"put the table between the `{MARK}` marks of this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, build_world() as world:
        networks = options.models or pathlib.Path(scratch) / "networks"
        # In a process of its own: torch would keep its threads and memory in this one.
        subprocess.run([sys.executable, "-m", "bench.server.networks", str(networks)], check=True)
        soak = Soak(world, networks, pathlib.Path(scratch), random.Random(options.seed))
        return soak.run(options)


class Soak:
    """One soak."""

    def __init__(self, world: World, networks: pathlib.Path, scratch: pathlib.Path, chance: random.Random) -> None:
        self._world, self._networks, self._scratch, self._chance = world, networks, scratch, chance
        self._pictures = [draw_photo(number) for number in range(NUM_PICTURES)]
        self._numbers: Counter[str] = Counter()

    def run(self, options: argparse.Namespace) -> int:
        """Let everything happen, and print what came of it; returns the exit code."""
        for model in MODELS:
            self._world.create_model(model)
            self._change(model)
        log = options.log or self._scratch / "servers.log"
        with balancing(self._chance) as balancer, contextlib.ExitStack() as undo:
            replicas = Replicas(balancer, self._world.server_flags, log)
            undo.callback(replicas.end)
            for slot in SLOTS:
                replicas.start(slot)
            replicas.await_all()
            callers = Callers(balancer.port, KEY, MODELS, self._pictures)
            callers.start(options.clients, options.rate, balancer.find_place)
            turns = self._plan_turns(replicas, options)
            self._disturb(replicas, turns, options.minutes * 60)
            replicas.await_all()
            time.sleep(2 * TICK_SECONDS)
            callers.end()
        return self._tell(replicas, callers, turns, options)

    def _plan_turns(self, replicas: Replicas, options: argparse.Namespace) -> list[Turn]:
        turns = [
            *(
                Turn("versions", functools.partial(self._change, model), options.change_seconds, False)
                for model in MODELS
            ),
            Turn("kills", lambda: replicas.kill(self._chance.choice(SLOTS)), options.kill_seconds, True),
            Turn("stops", lambda: replicas.stop(self._chance.choice(SLOTS)), options.kill_seconds, True),
            Turn("rotated keys", self._world.rotate_keys, options.rotate_seconds, False),
        ]
        for turn in turns:
            turn.plan(self._chance)
        return turns

    def _disturb(self, replicas: Replicas, turns: Sequence[Turn], seconds: float) -> None:
        """Do what is due, for so long; a replica is taken away only while the other is ready, as a budget has it."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            all_ready = replicas.look()
            for turn in turns:
                if time.monotonic() >= turn.next_at and (all_ready or not turn.disturbs):
                    turn.do()
                    turn.done += 1
                    turn.plan(self._chance)
                    all_ready = all_ready and not turn.disturbs
            time.sleep(TICK_SECONDS)

    def _change(self, model: str) -> None:
        self._numbers[model] += 1
        number = self._numbers[model]
        folder = self._scratch / f"{model}-{number}"
        self._world.publish(write_version(self._networks / model, model, number, folder, self._pictures))

    def _tell(self, replicas: Replicas, callers: Callers, turns: Sequence[Turn], options: argparse.Namespace) -> int:
        calls, published = callers.calls, self._world.published
        fates = Counter(verdicts.judge_call(call, published, replicas.kills) for call in calls)
        done = Counter[str]()
        for turn in turns:
            done[turn.name] += turn.done
        samples = [sample for life in replicas.lives for sample in life.memory_mib]
        p50_ms, p99_ms = verdicts.find_times_ms(calls)
        growth_mib = verdicts.find_growth_mib(samples)
        lines = {
            "minutes, clients, requests a second of each": f"{options.minutes:g}, {options.clients}, {options.rate:g}",
            "done meanwhile": ", ".join(f"{count} {name}" for name, count in done.items()),
            "requests": f"{len(calls) - fates[Fate.REFUSED]:,}",
            **{fate.value: f"{fates[fate]:,}" for fate in Fate},
            "the last answer of a former version, seconds later": (
                f"{verdicts.find_slowest_switch(calls, published):.2f}"
            ),
            "p50, p99 in ms": f"{p50_ms:.0f}, {p99_ms:.0f}",
            "greatest memory of a process, and its growth, MiB": (
                f"{max(size for _, size in samples):.0f}, {growth_mib:+.0f}"
            ),
            "replicas that did not end when told": str(len(replicas.late)),
        }
        table = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in lines.items())])
        print(f"{table}\n\n{_draw_memory(replicas)}\n\nseed {options.seed}")
        broken = [f"{fates[fate]} {fate.value}" for fate in Fate if fate not in ALLOWED and fates[fate]]
        broken += [f"{name} did not end" for name in replicas.late]
        if growth_mib > verdicts.MOST_GROWTH_MIB:
            broken.append(f"memory grew by {growth_mib:.0f} MiB, at most {verdicts.MOST_GROWTH_MIB:g}")
        broken += [] if fates[Fate.RIGHT] else ["nothing was answered"]
        print("\n".join(f"BROKEN: {problem}" for problem in broken) or "no line is broken")
        if options.markdown is not None:
            marks.replace_marked(options.markdown, MARK, table)
        return int(bool(broken))


def _draw_memory(replicas: Replicas) -> str:
    """Return a line for each life: when it began and ended, and its memory in between."""
    start = min(life.memory_mib[0][0] for life in replicas.lives if life.memory_mib)
    rows = ["| Replica | From s | To s | MiB at the start, in the middle, at the end |", "|---|---|---|---|"]
    for life in replicas.lives:
        if life.memory_mib:
            sizes = [life.memory_mib[at][1] for at in (0, len(life.memory_mib) // 2, -1)]
            times = (life.memory_mib[0][0] - start, life.memory_mib[-1][0] - start)
            rows.append(
                f"| {life.name} | {times[0]:.0f} | {times[1]:.0f} | {', '.join(f'{one:.0f}' for one in sizes)} |"
            )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
