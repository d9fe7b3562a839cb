"""`darkroom run` from the names of its files to its exit code.

Owns what is said about files that cannot be run and about the output folder. Must not do: run anything itself.
"""

import contextlib
import pathlib
from collections.abc import Iterator, Mapping, Sequence

from darkroom_storage.errors import StorageError
from darkroom_trainer.local.board import Board, read_clock, set_aside
from darkroom_trainer.local.display import open_display, render_end
from darkroom_trainer.local.manifests import ManifestError, check_claims, read_manifests
from darkroom_trainer.local.run import run_board
from darkroom_trainer.runtime.logs import print_error


def run_files(
    filenames: Sequence[str],
    output: pathlib.Path,
    weights: pathlib.Path | None,
    volumes: Mapping[str, pathlib.Path],
    *,
    embedded_weights: bool,
    pictures: pathlib.Path | None = None,
) -> int:
    """Run the resources of `filenames` into `output` and return the exit code; StorageError where it cannot be used.

    `volumes` are the folders that stand for claims, `pictures` is one that keeps decoded images.
    """
    try:
        found = read_manifests(filenames)
        check_claims(found.resources, volumes)
    except ManifestError as error:
        for message in error.messages:
            print_error(message)
        return int(error.exit_code)
    display = open_display()
    for line in found.skipped:
        display.say(line)
    with _explained_output(output):
        earlier = set_aside(output)
        if earlier is not None:
            display.say(f"what an earlier run left is in {earlier}")
        board = Board(
            found.resources,
            output,
            weights,
            embedded_weights=embedded_weights,
            volumes=volumes,
            picture_folder=pictures,
        )
        code = run_board(board, display)
    print(render_end(board.to_documents(), read_clock(), output))
    return code


@contextlib.contextmanager
def _explained_output(output: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(str(output), f"{error.strerror}: {error.filename}") from error
