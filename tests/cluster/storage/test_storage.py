"""Storage that lets a run down while it works: a key that is revoked and a disk that fills."""

import pathlib
import secrets
from collections.abc import Iterator

import pytest

from hack.localcluster.state import State
from tests.cluster.api import manifests, recorder
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import message_of, reason_of
from tests.cluster.scenarios.runs import Runs
from tests.cluster.storage.accounts import Account
from tests.cluster.storage.bucket import create_bucket

pytestmark = pytest.mark.extended
SECRET = "darkroom-account"  # noqa: S105 - the name of a Secret
RESUMED = "resuming from"
EVICTED_SECONDS = 150
"""The kubelet looks once a minute at what a pod's volumes hold."""


@pytest.fixture(scope="module")
def account(state: State, connection: Connection) -> Iterator[Account]:
    """Return a user with a bucket of its own."""
    name = secrets.token_hex(4)
    owner = create_bucket(connection, f"account-{name}")
    account = Account(state, owner, f"user{name}", secrets.token_hex(16))
    account.grant()
    yield account
    account.revoke()
    owner.remove()


@pytest.fixture(scope="module")
def runs(connection: Connection, account: Account, namespace: str, digits: pathlib.Path) -> Runs:
    """Return this module's runs, whose Dataset and artifacts are in the user's bucket."""
    account.owner.put_folder(digits, "digits")
    connection.apply(manifests.a_secret(namespace, account.access_key, account.secret_key, SECRET))
    uri = account.owner.uri("digits/train.json")
    connection.apply(manifests.a_dataset("digits", namespace, uri, secret=SECRET))
    runs = Runs(connection, account.owner, namespace)
    runs.waiter.phase("Dataset", namespace, "digits", "Ready", 90)
    return runs


def test_a_run_whose_key_is_revoked_says_so_and_goes_on_from_its_checkpoint_once_it_is_restored(
    runs: Runs, account: Account
) -> None:
    with recorder.record(runs.connection, "Model", runs.namespace) as models:
        runs.apply("locked-out", budget="30s")
        runs.wait_for_checkpoint("locked-out", 1)
        account.revoke()
        try:
            runs.waiter.reason("Model", runs.namespace, "locked-out", "StorageUnavailable", 90)
        finally:
            account.grant()
        status = runs.end("locked-out", 90)
    assert status["phase"] == "Succeeded", status
    assert RESUMED in runs.read_log("locked-out", 2)
    assert [attempt["free"] for attempt in status["attempts"]] == [True, False]
    assert 0 < status["budget"]["chargedSeconds"] <= 30
    told = [message_of(state) for state in models.states_of("locked-out")]
    assert any("refused" in message and account.owner.name in message for message in told)


def test_a_run_that_fills_its_disk_is_told_which_disk_is_too_small_and_pays_nothing(runs: Runs) -> None:
    with recorder.record(runs.connection, "Model", runs.namespace) as models:
        runs.apply("packed", budget="10m", compute_class="tiny-disk")
        runs.waiter.reason("Model", runs.namespace, "packed", "RetryingAfterDisruption", EVICTED_SECONDS)
    told = [message_of(state) for state in models.states_of("packed") if reason_of(state) == "RetryingAfterDisruption"]
    assert "64Ki" in told[0]
    assert runs.status("packed")["attempts"][0]["free"] is True
    runs.delete_and_check("packed", 40)
