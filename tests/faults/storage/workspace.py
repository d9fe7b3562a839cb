"""Where the trainers of one test run: a folder here, a prefix in a bucket or container, and the fault proxy between."""

import pathlib
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from darkroom_api.run_config import Command, StorageAccess
from tests.faults.proxy.server import FaultProxy
from tests.faults.storage.trainer_config import build_config
from tests.faults.storage.trainer_process import Ended, TrainerProcess

BUDGET_SECONDS: Final = 25.0
INSPECTION_SECONDS: Final = 90.0


class ObjectServer(Protocol):
    """The server of the bucket or container, past every fault."""

    def keys(self, prefix: str) -> list[str]:
        """Return the names of what is below a prefix."""


ServerT = TypeVar("ServerT", bound=ObjectServer)


@dataclass
class Workspace(Generic[ServerT]):
    """The place, and the runs that are started in it."""

    folder: pathlib.Path
    server: ServerT
    proxy: FaultProxy
    root: str
    """The address of the bucket or container."""
    access: StorageAccess
    """How runs reach it: through the proxy."""
    prefix: str

    def inspect(self) -> Ended:
        """Inspect the digits."""
        config = build_config(Command.INSPECT, self.root, self.access, self.prefix, self._count())
        return TrainerProcess(self.folder, config).wait(INSPECTION_SECONDS)

    def train(self) -> TrainerProcess:
        """Start a training on the digits."""
        config = build_config(Command.TRAIN, self.root, self.access, self.prefix, self._count(), BUDGET_SECONDS)
        return TrainerProcess(self.folder, config)

    def has_checkpoint(self) -> bool:
        """Return whether a checkpoint counts."""
        keys = self.server.keys(f"{self.prefix}/checkpoints/")
        return any(key.endswith(".safetensors") for key in keys)

    def _count(self) -> int:
        return 1 + len(list(self.folder.glob("attempt-*")))
