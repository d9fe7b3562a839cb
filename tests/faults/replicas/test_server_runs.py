"""Product-recognition runs of a cluster: two servers over a real API server and a real bucket see the same ones."""

import asyncio
import pathlib
from datetime import UTC, datetime, timedelta

import pytest

from darkroom_server.backends.backend import NotOffered
from darkroom_server.runs.record import LEASE_SECONDS, RunState
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.served import until
from tests.faults.replicas.bucket_servers import bucket, namespace, serving
from tests.faults.storage.s3_server import BUCKET, S3Server
from tests.support.server.models import draw

__all__ = ["bucket", "namespace"]
SHELF = draw(("red", 0, 0), ("blue", 2, 1))


def test_two_servers_see_the_same_runs_and_one_takes_up_what_the_other_has_left(
    fault_cluster: FaultCluster, namespace: str, bucket: S3Server, tmp_path: pathlib.Path
) -> None:
    own = {"runs_uri": f"s3://{BUCKET}/{namespace}/runs"}

    async def story() -> None:
        async with (
            serving(fault_cluster, tmp_path / "one", namespace, bucket, **own) as one,
            serving(fault_cluster, tmp_path / "two", namespace, bucket, **own) as two,
        ):

            async def find_state(name: str) -> RunState | None:
                found = await two.runs.store.find(namespace, "shelf", name)
                return found.record.state if found is not None else None

            async def has_succeeded(name: str) -> bool:
                return await find_state(name) is RunState.SUCCEEDED

            await one.runs.ask(namespace, "shelf", "first", SHELF)
            await until(lambda: has_succeeded("first"))
            left = await one.runs.ask(namespace, "shelf", "left", SHELF)
            await one.runs.forget(left)
            lapsed = left.model_copy(update={"lease_until": datetime.now(UTC) - timedelta(seconds=LEASE_SECONDS)})
            await one.runs.store.create(lapsed, SHELF)
            await asyncio.gather(one.runs.sweep(), two.runs.sweep())
            await until(lambda: has_succeeded("left"))
            found = await one.runs.store.find(namespace, "shelf", "left")
            assert found is not None
            assert found.record.attempts == 2

    asyncio.run(story())
    assert [key.rpartition(".")[2] for key in bucket.keys(f"{namespace}/runs/{namespace}/")] == ["json", "json"]


def test_without_a_prefix_the_store_says_which_setting_is_missing(
    fault_cluster: FaultCluster, namespace: str, bucket: S3Server, tmp_path: pathlib.Path
) -> None:
    async def story() -> None:
        async with serving(fault_cluster, tmp_path, namespace, bucket) as parts:
            with pytest.raises(NotOffered, match=r"server\.runs\.uri"):
                await parts.runs.ask(namespace, "shelf", "r", SHELF)

    asyncio.run(story())
