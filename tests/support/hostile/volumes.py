"""What may lie on a volume, put there by whoever writes to it: a part of the table of hostile input."""

import os
import pathlib
from typing import Final

from darkroom_api.conditions import Reason
from tests.support.hostile.cases import Case, image


def _link(target: str, name: str = "images/2.png") -> Case:
    """Return the case of a symbolic link in the place of a picture."""

    def arrange(folder: pathlib.Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return Case(says="a symbolic link on its way leads out of the claim", arrange=arrange, on_volume=True)


def _keep_elsewhere(folder: pathlib.Path) -> None:
    (folder / "kept").mkdir()
    (folder / "images/2.png").rename(folder / "kept/2.png")
    (folder / "images/2.png").symlink_to("../kept/2.png")


def _put_pipe(folder: pathlib.Path) -> None:
    (folder / "images/2.png").unlink()
    os.mkfifo(folder / "images/2.png")


VOLUMES: Final = {
    "a link to a file of the trainer's machine": _link("/etc/passwd"),
    "a link that climbs above the root": _link("../../../etc/passwd"),
    "a link of a folder": Case(
        says="a symbolic link on its way leads out of the claim", change=image(file_name="away/etc/passwd"),
        arrange=lambda folder: (folder / "away").symlink_to("/"), on_volume=True,
    ),
    "an annotation file that is such a link": Case(
        says="annotation file volume:train.json may not be read", reason=Reason.NOT_ALLOWED,
        arrange=_link("/etc/passwd", "train.json").arrange, on_volume=True,
    ),
    "a link to a file of the claim": Case(handled="Followed", arrange=_keep_elsewhere, on_volume=True),
    "a pipe": Case(says="it is a device or a pipe, not a file", arrange=_put_pipe, on_volume=True),
    "an address that climbs": Case(
        says="leaves its folder with ..", change=image(absolute_url="volume:images/../../x.png"), on_volume=True
    ),
}  # fmt: skip
"""What a pod that may write to a claim can leave there."""
