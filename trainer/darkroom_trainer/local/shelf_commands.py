"""The commands of `darkroom` for a shelf: planogram, rectify, stitch.

Owns their arguments, and which code carries each out, brought in when it is wanted. Must not do the work itself. Each
returns an exit code.
"""

import argparse
import pathlib
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_commands(commands: Commands) -> None:
    """Add the three commands to the parser."""
    about = "say which detection stands at which position of a planogram"
    planogram = commands.add_parser("planogram", help=about, description=f"{about.capitalize()}, as JSON.")
    planogram.add_argument(
        "planogram", type=pathlib.Path, metavar="PLANOGRAM",
        help="JSON with width, height, products, fixtures and positions, or a whole request with it",
    )  # fmt: skip
    planogram.add_argument(
        "detected", type=pathlib.Path, metavar="DETECTED", help="JSON with the result of a product recognition run"
    )
    planogram.add_argument(
        "--compliance", action="store_true",
        help="print shares as planned, missing, misplaced and not seen, by product and fixture, instead",
    )  # fmt: skip
    planogram.add_argument("--picture", type=pathlib.Path, metavar="JPEG", help="draw what was matched into this file")
    about = "make a photo from the side look as from the front"
    rectify = commands.add_parser("rectify", help=about, description=f"{about.capitalize()}.")
    rectify.add_argument("image", type=pathlib.Path, metavar="IMAGE", help="the photo")
    rectify.add_argument(
        "--points", type=pathlib.Path, required=True, metavar="JSON",
        help="topLeft, topRight, bottomLeft and bottomRight, each with x and y from 0 to 1",
    )  # fmt: skip
    rectify.add_argument("--to", type=pathlib.Path, required=True, metavar="JPEG", help="the file to write")
    about = "join photos of one shelf, each sharing about half with its neighbour"
    stitch = commands.add_parser("stitch", help=about, description=f"{about.capitalize()}.")
    stitch.add_argument(
        "images",
        type=pathlib.Path,
        nargs="+",
        metavar="IMAGE",
        help="2 to 20 photos, left to right, then top to bottom",
    )
    stitch.add_argument("--to", type=pathlib.Path, required=True, metavar="JPEG", help="the file to write")


def planogram(arguments: argparse.Namespace) -> int:
    """Match a planogram."""
    from darkroom_shelf.command import run_planogram

    return run_planogram(
        arguments.planogram, arguments.detected, compliance=arguments.compliance, picture=arguments.picture
    )


def rectify(arguments: argparse.Namespace) -> int:
    """Rectify a photo."""
    from darkroom_shelf.command import run_rectify

    return run_rectify(arguments.image, arguments.points, arguments.to)


def stitch(arguments: argparse.Namespace) -> int:
    """Join photos."""
    from darkroom_shelf.command import run_stitch

    return run_stitch(arguments.images, arguments.to)
