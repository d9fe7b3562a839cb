"""Servers of a cluster with a bucket in which they keep product-recognition runs, and a Model in it.

Owns no expectation.
"""

import contextlib
import pathlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bench.server_soak.world import find_own_address
from darkroom_api.names import KEY_PAIR
from darkroom_api.v1alpha1.common import Task
from darkroom_operator.api.resources import MODELS
from darkroom_server.auth.keys import KeyAdmission
from darkroom_server.config_file import ConfigFile, StorageSection
from darkroom_server.routes.parts import Parts, build_parts
from tests.faults.cluster import manifests
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.served import make_namespace, running
from tests.faults.storage.s3_server import BUCKET, S3Server, start_s3
from tests.support.server.models import write_model


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Return a bucket at this machine's own address, since a server of a cluster goes to no loopback address."""
    with start_s3(tmp_path_factory.mktemp("s3"), find_own_address()) as server:
        server.create_user("server")
        yield server


@pytest.fixture
def namespace(fault_cluster: FaultCluster, bucket: S3Server, tmp_path: pathlib.Path) -> str:
    """Return a namespace with the Model `shelf`, whose files are in the bucket."""
    namespace = make_namespace(fault_cluster)
    digest = write_model(tmp_path / "model", Task.PRODUCT_RECOGNIZER)
    bucket.put_folder(tmp_path / "model", f"{namespace}/shelf")
    artifacts = {"uri": f"s3://{BUCKET}/{namespace}/shelf", "digest": digest}
    model = manifests.build_model("shelf", task=Task.PRODUCT_RECOGNIZER.value)
    fault_cluster.api.create(MODELS, namespace, model)
    status = {**manifests.build_succeeded_status(), "artifacts": artifacts}
    fault_cluster.api.merge(MODELS, namespace, "shelf", {"status": status}, subresource="status")
    return namespace


@contextlib.asynccontextmanager
async def serving(
    cluster: FaultCluster, folder: pathlib.Path, namespace: str, bucket: S3Server, **section: Any
) -> AsyncIterator[Parts]:
    """Give the parts of one server."""
    mounted = folder / "keys"
    mounted.mkdir(parents=True, exist_ok=True)
    for key in KEY_PAIR:
        (mounted / key).write_text("server")
    storage = StorageSection(prefix=f"s3://{BUCKET}/", endpoint=bucket.address, credentials_folder=str(mounted))
    async with running(cluster, folder, namespace, storage=(storage,), **section) as (backend, _, _wire):
        yield build_parts(backend, KeyAdmission([]), ConfigFile().limits)
