"""Cases in which what the operator works for goes away, comes back as another, or is edited."""

import time
from collections.abc import Callable
from typing import Final

from darkroom_operator.resources import JOBS, MODELS
from tests.faults.cases.case import Case
from tests.faults.cluster.api import NAMESPACES, Refusal
from tests.faults.cluster.driver import Player
from tests.faults.cluster.kubelet import CHARGED_SECONDS
from tests.faults.cluster.manifests import build_dataset, build_model
from tests.faults.proxy import actions
from tests.faults.proxy.server import Rule

GROUP: Final = "Lifecycle"
GONE: Final = "Model, Job and pod go; no write afterwards"
REFUSED_TRIES: Final = 6
"""How often the operator may ask for a Job that the API server refuses, before it hears that its owner goes too."""
HELD_SECONDS: Final = 3
SAME: Final = "the undisturbed end"


def deleted(bring: Callable[[Player], None], is_operator_up: bool = True) -> Callable[[Player], None]:
    """Return a play in which the Model is deleted once `bring` has brought it so far."""

    def play(player: Player) -> None:
        player.create()
        bring(player)
        if not is_operator_up:
            player.lane.keep_operator_up = False
            player.lane.operator.kill()
        player.delete()
        expect_silence(player, 2)

    return play


def expect_silence(player: Player, seconds: float) -> None:
    """See the Model go with all that belongs to it, and an operator that writes nothing about it for a while."""
    lane = player.lane
    wait_gone(player)
    written = len(lane.proxy.mutations.about(player.name))
    lane.keep_operator_up = True
    lane.wait("an operator", lane.operator.is_ready)
    time.sleep(seconds)
    late = lane.proxy.mutations.about(player.name)[written:]
    assert not late, f"wrote after the deletion: {[str(write) for write in late]}"


def play_late_answer(player: Player) -> None:
    """The news that the Model is gone overtake the answer to a status write."""
    player.create()
    player.wait_pod()
    player.wait("attempt 1 in the status", lambda: player.attempt(1) is not None)
    player.lane.proxy.add(Rule(actions.hold_answer(HELD_SECONDS), "/models/.*/status", "PATCH", times=1))
    player.lane.plane.kubelet.place(player.pod())
    player.wait_reason("Starting")
    player.delete()
    expect_silence(player, HELD_SECONDS + 3)


def wait_gone(player: Player) -> None:
    """Wait until the Model with its Jobs and pods is gone."""
    lane = player.lane
    player.wait("Model gone", lambda: lane.mirror.get(MODELS, lane.namespace, player.name) is None)
    player.wait("Jobs and pods gone", lambda: not player.jobs() and player.find_pod() is None)


def play_recreated(player: Player) -> None:
    """Deleted while it trains and at once created again under its name."""
    player.create()
    player.start()
    first = player.uid
    player.delete()
    player.create()
    assert player.uid != first
    player.run()
    before = Player(player.lane, "Model", player.name, uid=first)
    player.wait("the first one's Job gone", lambda: not before.jobs())


def play_edited(player: Player) -> None:
    """The API server refuses a change of the budget; the run goes on."""
    player.create()
    player.start()
    refused = 0
    try:
        player.edit(budget="20m")
    except Refusal as refusal:
        refused = refusal.status
    assert refused == 422
    player.end()
    player.wait_end()


def play_namespace(player: Player) -> None:
    """The namespace goes while the Model trains."""
    lane = player.lane
    player.create()
    player.start()
    lane.api.delete(NAMESPACES, None, lane.namespace)
    deleted_at = time.monotonic()
    wait_gone(player)
    time.sleep(3)
    tries = [w for w in lane.proxy.mutations.writes if w.at > deleted_at and w.method == "POST"]
    assert len(tries) <= REFUSED_TRIES, f"{len(tries)} tries to create in a namespace that goes"
    assert lane.mirror.count_added(JOBS, lane.namespace, player.name) == {player.job_name(): 1}


def play_dataset_deleted(player: Player) -> None:
    """The Dataset goes while the Model trains on it."""
    dataset = Player(player.lane, "Dataset", f"{player.name}-data")
    dataset.create()
    dataset.run()
    player.create(build_model(player.name, dataset.name))
    player.start()
    dataset.delete()
    player.end()
    player.wait_end()


def play_dataset_replaced(player: Player) -> None:
    """While the Model trains, its Dataset becomes another one of another kind."""
    dataset = Player(player.lane, "Dataset", f"{player.name}-data")
    dataset.create()
    dataset.run()
    player.create(build_model(player.name, dataset.name))
    player.start()
    dataset.delete()
    manifest = build_dataset(dataset.name)
    manifest["spec"]["annotationKind"] = "imageObjectDetection"
    dataset.create(manifest)
    player.end()
    player.wait_end()
    assert player.status["datasetRevision"] == "sha256:played"


def play_model_before_dataset(player: Player) -> None:
    """The Dataset comes after the Model."""
    dataset = Player(player.lane, "Dataset", f"{player.name}-data")
    player.create(build_model(player.name, dataset.name))
    player.wait_reason("WaitingForDataset")
    dataset.create()
    dataset.run()
    player.run()


def play_suspended_unseen(player: Player) -> None:
    """Suspended; the operator dies, and the pod goes with its report before the operator is back."""
    player.create()
    player.start()
    player.edit(suspend=True)
    player.wait("the Job being deleted", lambda: all("deletionTimestamp" in job["metadata"] for job in player.jobs()))
    player.lane.keep_operator_up = False
    player.lane.operator.kill()
    player.wait("no pod", lambda: player.find_pod(1) is None)
    player.lane.keep_operator_up = True
    player.wait_reason("Suspended")
    player.edit(suspend=False)
    player.run(2)
    assert player.status["phase"] == "Succeeded"
    assert player.status["budget"]["chargedSeconds"] == CHARGED_SECONDS


def _place(player: Player) -> None:
    player.wait_pod()
    player.lane.plane.kubelet.place(player.pod())


CASES = (
    Case(GROUP, "deleted while queued", "deleted before its pod has a node", GONE, deleted(Player.wait_pod), "nothing"),
    Case(GROUP, "deleted while starting", "deleted while its container is created", GONE, deleted(_place), "nothing"),
    Case(GROUP, "deleted while training", "deleted while its trainer works", GONE, deleted(Player.start), "nothing"),
    Case(GROUP, "deleted once succeeded", "deleted after its end", GONE, deleted(Player.run), "nothing"),
    Case(
        GROUP,
        "deleted, an answer late",
        f"deleted while the answer to a status write is on its way for {HELD_SECONDS} s",
        GONE,
        play_late_answer,
        "nothing",
    ),
    Case(
        GROUP,
        "deleted while training, operator down",
        "operator killed, Model deleted, operator started",
        "no finalizer holds it; " + GONE,
        deleted(Player.start, is_operator_up=False),
        "nothing",
    ),
    Case(
        GROUP,
        "deleted while queued, operator down",
        "the same before its pod has a node",
        "no finalizer holds it; " + GONE,
        deleted(Player.wait_pod, is_operator_up=False),
        "nothing",
    ),
    Case(
        GROUP,
        "recreated under its name",
        "deleted while training and created again at once",
        "the new one has its own Job and the undisturbed end; the old Job goes",
        play_recreated,
        "status",
    ),
    Case(
        GROUP, "spec edited", "`budget` changed while training", "refused by the API server (422); " + SAME, play_edited
    ),
    Case(
        GROUP,
        "namespace deleted",
        "its namespace deleted while training",
        "all goes; a few refused tries, nothing is created in it",
        play_namespace,
        "nothing",
        has_own_lane=True,
    ),
    Case(
        GROUP, "Dataset deleted under a Model", "deleted while the Model trains", SAME, play_dataset_deleted, "status"
    ),
    Case(
        GROUP,
        "Dataset replaced under a Model",
        "replaced by one of another kind while the Model trains",
        "the undisturbed end, with the revision that it trained on",
        play_dataset_replaced,
        "status",
    ),
    Case(
        GROUP,
        "Model before its Dataset",
        "the Dataset is applied later",
        "`WaitingForDataset`, then the undisturbed end",
        play_model_before_dataset,
        "status",
    ),
    Case(
        GROUP,
        "suspended, operator down",
        "suspended; the operator is down until the stopped pod is gone",
        "`Suspended`; resumed, it succeeds, and `charged` is right: it is in the checkpoint",
        play_suspended_unseen,
        "nothing",
    ),
)
