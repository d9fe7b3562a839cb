"""The lives that the operator is killed in: what the user and the nodes do, from the apply to an end that stays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from darkroom_api.conditions import Reason
from tests.faults.cluster.driver import ENDS, Player


@dataclass(frozen=True)
class Life:
    """A life of one resource."""

    name: str
    kind: str
    story: str
    play: Callable[[Player], None]


def play_through(player: Player) -> None:
    """Apply, run, succeed."""
    player.create()
    player.run()


def play_disruption(player: Player) -> None:
    """The first attempt's pod is evicted; the second one succeeds."""
    player.create()
    player.start()
    player.end(reason=Reason.RETRYING_AFTER_DISRUPTION, disruption="evicted by a test")
    player.run(2)


def play_suspension(player: Player) -> None:
    """Suspended while it trains, and resumed."""
    player.create()
    player.start()
    player.edit(suspend=True)
    player.wait("no pod", lambda: player.find_pod(1) is None)
    player.wait_reason("Suspended")
    player.wait("the attempt closed", lambda: bool((player.attempt(1) or {}).get("outcome")))
    player.edit(suspend=False)
    player.run(2)


def play_cancellation(player: Player) -> None:
    """Cancelled while it trains; where another attempt publishes what there is, it runs."""
    player.create()
    player.start()
    player.edit(cancel=True)
    player.wait("no pod", lambda: player.find_pod(1) is None)
    player.wait("a second attempt, or an end", lambda: player.find_pod(2) is not None or _has_ended(player))
    if player.find_pod(2) is not None:
        player.lane.plane.kubelet.place(player.pod(2))
        player.lane.plane.kubelet.start(player.pod(2))
        player.wait("the publication started", lambda: bool((player.attempt(2) or {}).get("startedAt")))
        player.end(2, Reason.CANCELLED)
    player.wait_end()


def _has_ended(player: Player) -> bool:
    return player.status.get("phase") in ENDS


LIVES: Final = (
    Life("dataset", "Dataset", "inspected", play_through),
    Life("model", "Model", "trained", play_through),
    Life("model-disrupted", "Model", "evicted once, then trained", play_disruption),
    Life("model-suspended", "Model", "suspended while it trains, resumed, trained", play_suspension),
    Life("model-cancelled", "Model", "cancelled while it trains", play_cancellation),
    Life("evaluation", "Evaluation", "measured", play_through),
)
