"""`python -m darkroom_trainer.weights FOLDER`: convert every embedded network, for the build of the trainer's image."""

import pathlib
import sys

from darkroom_trainer.runtime.logs import print_error
from darkroom_trainer.weights import embedded


def main(arguments: list[str]) -> int:
    """Write the files into the one folder that is named, and print their paths; returns the exit code."""
    try:
        (folder,) = arguments
    except ValueError:
        print_error("usage: python -m darkroom_trainer.weights FOLDER")
        return 2
    try:
        written = embedded.write_all(pathlib.Path(folder))
    except embedded.NotUsable as error:
        print_error(str(error))
        return 1
    print("\n".join(str(path) for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
