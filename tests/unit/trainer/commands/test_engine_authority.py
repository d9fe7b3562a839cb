"""A bucket behind TLS whose certificate is of a private authority: every run that reads or writes it."""

import pathlib
from collections.abc import Iterator

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Command, DatasetSource, Location, RunConfig, StorageAccess
from darkroom_api.v1alpha1.common import Task
from darkroom_storage.objects import open_storage
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.certificate import HOST
from tests.local_storage import a_listing
from tests.support import learning
from tests.support.storage.tls_door import open_door
from tests.unit.trainer.tiny_runs import BUDGET_SECONDS, Bench, a_config, a_meter

VARIABLE = "AWS_CA_BUNDLE"


@pytest.fixture
def door(s3_endpoint: str, tmp_path: pathlib.Path) -> Iterator[tuple[str, str]]:
    """Yield the address of the door before the bucket, and its certificate."""
    host, port = s3_endpoint.removeprefix("http://").split(":")
    with open_door(tmp_path, (host, int(port)), HOST, "127.0.0.1") as door:
        yield door


def reach(door: tuple[str, str], secret: pathlib.Path | None) -> StorageAccess:
    """Return how the bucket is reached, with the authority in its Secret where one is given."""
    if secret is not None:
        secret.mkdir()
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "ca.crt": door[1]}
        for key, value in keys.items():
            (secret / key).write_text(value)
    folder = str(secret) if secret is not None else None
    return StorageAccess(endpoint=door[0], region="us-east-1", credentials_dir=folder, reach=a_listing(door[0]))


def build(command: Command, file: pathlib.Path, storage: StorageAccess) -> RunConfig:
    """Return a run on squares in the bucket, whose results go there, too."""
    output = Location(uri=f"s3://vision/{file.parent.parent.name}/models/squares", storage=storage)
    config = a_config(command, Task.CLASSIFIER, file, output=output, budget_seconds=BUDGET_SECONDS)
    uri = f"s3://vision/{file.parent.parent.name}/{file.name}"
    kind = config.dataset.annotation_kind
    source = DatasetSource(name="squares", annotation_kind=kind, annotation_files=(uri,), storage=storage)
    return config.model_copy(update={"dataset": source})


def fill(file: pathlib.Path, access: StorageAccess) -> None:
    """Put the squares into the bucket."""
    storage = open_storage(access)
    for path in file.parent.rglob("*"):
        if path.is_file():
            storage.upload(path, f"s3://vision/{file.parent.parent.name}/{path.relative_to(file.parent)}")


def test_an_inspection_reads_by_the_authority_of_the_secret_and_not_without(
    door: tuple[str, str], access: StorageAccess, tmp_path: pathlib.Path
) -> None:
    file = learning.write_squares(tmp_path / "train", 6, boxed=False)
    fill(file, access)
    refused = engine.execute(build(Command.INSPECT, file, reach(door, None)), tmp_path / "w1", SilentReporter())
    assert refused.reason is Reason.INVALID_CONFIGURATION
    assert "ca.crt of the Secret" in refused.message
    read = engine.execute(
        build(Command.INSPECT, file, reach(door, tmp_path / "dataset")), tmp_path / "w2", SilentReporter()
    )
    assert read.succeeded, read.message


@pytest.mark.slow
def test_a_training_reads_and_publishes_by_the_authority_that_the_environment_names(
    bench: Bench, door: tuple[str, str], access: StorageAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bench.file, access)
    (bench.folder / "ours.pem").write_text(door[1])
    monkeypatch.setenv(VARIABLE, str(bench.folder / "ours.pem"))
    config = build(Command.TRAIN, bench.file, reach(door, None))
    outcome = engine.execute(config, bench.folder / "w1", SilentReporter(), meter=a_meter(config))
    assert outcome.succeeded, outcome.message
    assert outcome.artifacts is not None
    assert outcome.artifacts.uri == config.output.uri if config.output else None
