"""Sample sets, written as a user writes them: with the `darkroom samples` command."""

import pathlib

from tests.cluster.host.commands import run_darkroom


def write_samples(name: str, folder: pathlib.Path, shots: int | None) -> None:
    """Write a sample set into a folder: `shots` training digits of each class, or all there are."""
    run_darkroom("samples", name, "--to", folder, *(() if shots is None else ("--shots", str(shots))))
