"""Loading and inspecting in one call, for the tests of the data side."""

import pathlib
import tempfile

from darkroom_api.report import Outcome
from darkroom_api.run_config import Command, DatasetSource, ResourceReference, RunConfig
from darkroom_trainer.commands.inspection import inspect_dataset
from darkroom_trainer.data.loading import load_dataset
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.local_storage import a_local_place


def load(source: DatasetSource, work: pathlib.Path) -> LoadedDataset:
    """Return a dataset as a training loads it."""
    return load_dataset(source, work, SilentReporter())


def inspect(source: DatasetSource, output: pathlib.Path | None = None) -> Outcome:
    """Return how an inspection of a dataset ends."""
    config = RunConfig(
        command=Command.INSPECT,
        resource=ResourceReference(kind="Dataset", namespace="team", name="fruit", uid="1"),
        dataset=source,
        output=a_local_place(output) if output else None,
    )
    with tempfile.TemporaryDirectory() as work:
        return inspect_dataset(config, pathlib.Path(work), SilentReporter())
