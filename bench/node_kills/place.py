"""Where the runs of the bench of killed nodes are, and what their pods are told.

Owns the data, the certificate of all runs and their configurations.
"""

import pathlib
from dataclasses import dataclass
from typing import Final

from bench.node_kills import pods
from bench.node_kills.verdicts import BUDGET_SECONDS, Plan
from darkroom_api import run_config
from darkroom_api.v1alpha1.common import Task
from tests.faults.storage.s3_server import BUCKET, ROOT, S3Server
from tests.support.learning import write_squares
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.parallel.nodes.pods import write_credentials

IMAGES: Final = 16
BATCH_DIVISOR: Final = 4
"""For batches of eight images, which two devices can share."""
JOIN_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Place:
    """Where the runs of the bench are: a folder with the data and the run's certificate, and a bucket."""

    folder: pathlib.Path
    server: S3Server
    access: run_config.StorageAccess

    def build_config(self, plan: Plan, attempt: int, charged_seconds: float, port: int) -> run_config.RunConfig:
        """Return the configuration of a pod that takes its worker in, or looks for index 0, at this port."""
        order = run_config.NodesOrder(
            count=pods.COUNT,
            least=pods.COUNT,
            address="127.0.0.1",
            port=port,
            join_seconds=JOIN_SECONDS,
            credentials_dir=str(self.folder / "credentials"),
        )
        return tiny_runs.a_config(
            run_config.Command.TRAIN,
            Task.CLASSIFIER,
            self.folder / "train" / "annotations.json",
            attempt=attempt,
            budget_seconds=BUDGET_SECONDS[plan.clock],
            charged_seconds=charged_seconds,
            batch_divisor=BATCH_DIVISOR,
            nodes=order,
            output=run_config.Location(uri=f"s3://{BUCKET}/{name_run(plan)}/model", storage=self.access),
        )


def name_run(plan: Plan) -> str:
    """Return the name of a run's folders, on this machine and in the bucket."""
    return f"run-{plan.number}-{plan.clock}"


def open_place(folder: pathlib.Path, server: S3Server) -> Place:
    """Load the code of the pods, and write the data and the certificate of all runs."""
    pods.load()
    write_squares(folder / "train", IMAGES, boxed=False)
    write_credentials(folder / "credentials")
    return Place(folder, server, server.mount(folder / "keys", ROOT, server.address))
