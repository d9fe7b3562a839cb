"""Real inspections and trainings on Azurite with the fault proxy before it; what is as of S3 is tested there."""

import asyncio
import json
import pathlib
import time
from typing import Final

import pytest
from aiohttp import web

from darkroom_api.conditions import Reason
from tests.faults.proxy import actions
from tests.faults.proxy.actions import Action
from tests.faults.proxy.exchange import Exchange
from tests.faults.proxy.mutations import Moment, Trap
from tests.faults.proxy.server import FaultProxy, Rule
from tests.faults.storage.workspace import Workspace
from tests.secret_search import find_leaks
from tests.support.storage.azurite import CONTAINER, Azurite

IMAGE: Final = r"/digits/images/"
TOKEN_SECONDS: Final = 12.0
TRAINING_SECONDS: Final = 150.0


@pytest.fixture(scope="module")
def filled(azurite: Azurite, digits: pathlib.Path) -> Azurite:
    """Return Azurite with the digits in its container."""
    azurite.put_folder(CONTAINER, digits, "digits/")
    return azurite


@pytest.fixture
def place(tmp_path: pathlib.Path, filled: Azurite, disturbed: Azurite, proxy: FaultProxy) -> Workspace[Azurite]:
    """Return a place for trainers of its own, which the account's key opens."""
    access = disturbed.mount(tmp_path / "credentials")
    return Workspace(tmp_path, filled, proxy, f"az://{CONTAINER}", access, f"runs/{tmp_path.name}")


def test_an_inspection_outlasts_whatever_passes(place: Workspace[Azurite]) -> None:
    faults: list[tuple[Action, int]] = [
        (actions.answer_azure(503, "ServerBusy"), 15),
        (actions.answer_azure(429, "TooManyRequests"), 10),
        (actions.answer_azure(500, "OperationTimedOut"), 5),
        (actions.drop, 10),
        (actions.truncate, 10),
        (actions.answer_azure(403, "AuthorizationFailure"), 3),
    ]
    rules = [Rule(action, IMAGE, "GET", skip=5, times=times) for action, times in faults]
    place.proxy.add(*rules, Rule(faults[0][0], "comp=list", times=1))
    ended = place.inspect()
    assert [rule.hits for rule in rules] == [times for _, times in faults]
    assert (ended.exit_code, ended.outcome.reason) == (0, Reason.SUCCEEDED)
    place.proxy.clear()
    quiet = place.inspect()
    assert ended.outcome.summary is not None
    assert quiet.outcome.summary is not None
    assert ended.outcome.summary.revision == quiet.outcome.summary.revision


def hold_until(ends_at: float) -> Action:
    """Send a request on at this time."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(max(ends_at - time.time(), 0))
        return await exchange.relay()

    return act


@pytest.mark.extended
def test_an_inspection_whose_token_expires_ends_as_temporary_and_succeeds_with_a_new_one(
    place: Workspace[Azurite], disturbed: Azurite
) -> None:
    secret = place.folder / "by-token"
    urls = [disturbed.sign(CONTAINER, "rwl", hours) for hours in (TOKEN_SECONDS / 3600, 1)]
    place.proxy.add(Rule(hold_until(time.time() + TOKEN_SECONDS + 1), IMAGE, "GET", skip=5))
    place.access = disturbed.mount(secret, sas_url=urls[0])
    ended = place.inspect()
    assert (ended.exit_code, ended.outcome.reason) == (75, Reason.STORAGE_UNAVAILABLE)
    assert "its token expired at 20" in ended.outcome.message
    assert "the key is from storage.credentialsSecret" in ended.outcome.message
    place.proxy.clear()
    disturbed.mount(secret, sas_url=urls[1])
    again = place.inspect()
    assert (again.exit_code, again.outcome.reason) == (0, Reason.SUCCEEDED)
    signatures = [url.rpartition("sig=")[2] for url in urls]
    said = {f"{name} {number}": text.encode() for number, run in enumerate((ended, again)) for name, text in (
        ("log", run.log), ("outcome", run.outcome.to_termination_message()),
    )}  # fmt: skip
    assert find_leaks(signatures, said) == {}


def train_until_killed(place: Workspace[Azurite], name: str, number: int, moment: Moment) -> None:
    """Train, and kill the trainer at its write of a blob whose name begins so."""
    process = place.train()
    trap = Trap(name, number, moment, process.kill)
    place.proxy.mutations.trap = trap
    process.wait_until(f"write {number} of {name}", lambda: trap.seen >= number, TRAINING_SECONDS)
    ends_at = time.monotonic() + 20
    while trap.sprung is None:
        assert time.monotonic() < ends_at
        time.sleep(0.1)


@pytest.mark.extended
def test_a_training_that_is_killed_between_its_writes_goes_on_and_leaves_one_whole_model(
    place: Workspace[Azurite],
) -> None:
    train_until_killed(place, "00001-", 2, Moment.AFTER)
    assert place.has_checkpoint()
    train_until_killed(place, "artifacts.json", 1, Moment.BEFORE)
    assert f"{place.prefix}/artifacts.json" not in place.server.keys(place.prefix)
    place.proxy.mutations.trap = None
    ended = place.train().wait(TRAINING_SECONDS)
    assert (ended.exit_code, ended.outcome.reason) == (0, Reason.SUCCEEDED)
    assert "resuming from" in ended.log
    with place.server.client.get_container_client(CONTAINER) as container:
        listed = json.loads(container.download_blob(f"{place.prefix}/artifacts.json").readall())["files"]
        sizes = {blob.name: blob.size for blob in container.list_blobs(f"{place.prefix}/")}
    assert {name: sizes.get(f"{place.prefix}/{name}") for name in listed} == {
        name: entry["size"] for name, entry in listed.items()
    }
