"""Where the trainers of one test run: a folder here, a prefix in the bucket, and the fault proxy in between."""

import pathlib
from dataclasses import dataclass
from typing import Final

from darkroom_api.run_config import Command
from tests.faults.proxy.server import FaultProxy
from tests.faults.storage.s3_server import S3Server
from tests.faults.storage.trainer_config import USER, build_config
from tests.faults.storage.trainer_process import Ended, TrainerProcess

BUDGET_SECONDS: Final = 25.0
INSPECTION_SECONDS: Final = 90.0


@dataclass
class Workspace:
    """The place, and the runs that are started in it."""

    folder: pathlib.Path
    server: S3Server
    proxy: FaultProxy
    prefix: str

    def inspect(self) -> Ended:
        """Inspect the digits."""
        config = build_config(self.folder, Command.INSPECT, self.proxy.address, self.prefix, self._count())
        return TrainerProcess(self.folder, config).wait(INSPECTION_SECONDS)

    def train(self, key: str = USER) -> TrainerProcess:
        """Start a training on the digits."""
        config = build_config(
            self.folder, Command.TRAIN, self.proxy.address, self.prefix, self._count(), BUDGET_SECONDS
        )
        return TrainerProcess(self.folder, config, key)

    def has_checkpoint(self) -> bool:
        """Return whether a checkpoint counts."""
        keys = self.server.keys(f"{self.prefix}/checkpoints/")
        return any(key.endswith(".safetensors") for key in keys)

    def _count(self) -> int:
        return 1 + len(list(self.folder.glob("attempt-*")))
