"""The commands: `python3 -m hack.localcluster COMMAND`. Parses and prints; the work is in the other modules."""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable

from hack.localcluster import cluster, pipeline
from hack.localcluster.host import programs
from hack.localcluster.images import product
from hack.localcluster.kube import addons, node
from hack.localcluster.progress import Refused, Unsupported, say
from hack.localcluster.state import S3_ADDRESS, S3_PORT, State, default_root


def print_environment(state: State) -> None:
    say(f"export KUBECONFIG={shlex.quote(str(state.kubeconfig))}")
    say(f"export PATH={shlex.quote(str(state.binaries))}:$PATH")
    say(f"export DARKROOM_S3_ENDPOINT=http://{S3_ADDRESS}:{S3_PORT}")
    say(f"# S3 credentials: kubectl -n {addons.STORAGE} get secret {addons.S3_SECRET} -o yaml")


def set_gpus(state: State, count: int) -> None:
    node.set_gpus(state, count)
    node.ensure_gpus(state)
    say(f"the node has {count} of {node.GPU}")


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python3 -m hack.localcluster", description="A real single-node Kubernetes.")
    commands = root.add_subparsers(dest="command", required=True)
    for name, text in {
        "build": "install and build what is missing",
        "up": "start the cluster, or whatever part of it does not run",
        "status": "what runs; fails unless all does",
        "images": "build the images of operator, trainer and server and load them",
        "all": "everything from nothing: build, up and images, overlapped",
        "env": "print shell exports for this cluster",
    }.items():
        commands.add_parser(name, help=text)
    down = commands.add_parser("down", help="stop the cluster and all it left on the machine")
    down.add_argument("--purge", action="store_true", help="delete the cluster's data too; binaries and layers stay")
    gpus = commands.add_parser("gpus", help="set how many GPUs the node says it has")
    gpus.add_argument("count", type=int)
    return root


def run(arguments: argparse.Namespace, state: State) -> int:
    commands: dict[str, Callable[[], None]] = {
        "build": lambda: programs.build(state),
        "up": lambda: cluster.up(state),
        "down": lambda: cluster.down(state, arguments.purge),
        "images": lambda: product.ensure(state),
        "gpus": lambda: set_gpus(state, arguments.count),
        "all": lambda: pipeline.run(state),
        "env": lambda: print_environment(state),
    }
    if arguments.command == "status":
        return 0 if cluster.status(state) else 1
    commands[arguments.command]()
    return 0


def main() -> int:
    try:
        return run(parser().parse_args(), State(default_root()))
    except Unsupported as reason:
        print(f"not here: {reason}", file=sys.stderr)
        return 3
    except Refused as reason:
        print(f"refused: {reason}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failure:
        print(f"{failure}\n{failure.stderr or ''}".strip(), file=sys.stderr)
        return 1
