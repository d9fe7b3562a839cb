"""Layers that buildah has on disk, and their handing over to containerd without copying a byte.

Both keep a layer as an unpacked folder in the form that overlayfs mounts. A layer's folder is given to containerd as a
snapshot made of hard links, under the name that containerd computes for it (the chain of the layers' digests). The
manifest then names, for each layer, a blob of a few bytes in place of the archive: containerd fetches and unpacks a
layer only where it has no snapshot of that name. Such an image runs here but cannot be pushed from here.
"""

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hack.localcluster.host import runtime
from hack.localcluster.images import builder, oci
from hack.localcluster.progress import Refused
from hack.localcluster.state import State

ROOT_LABEL = "containerd.io/gc.root"
ID_PREFIX = "sha256:"


@dataclass(frozen=True)
class Layer:
    digest: str
    chain: str
    folder: Path

    def placeholder(self) -> oci.Blob:
        """Its type says archive, because containerd accepts no other; unpacking it would fail, loudly."""
        return oci.Blob(oci.LAYER, json.dumps({"snapshot": self.chain}).encode())


@dataclass(frozen=True)
class Storage:
    """buildah's own records of images and layers."""

    folder: Path
    images: list[dict[str, object]]
    layers: dict[str, dict[str, object]]

    def image(self, name: str) -> dict[str, object]:
        return next(image for image in self.images if name in names(image))

    def lineage(self, layer_id: object) -> list[str]:
        """From the lowest layer to the one that is asked for."""
        found: list[str] = []
        while layer_id:
            found.insert(0, str(layer_id))
            layer_id = self.layers[str(layer_id)].get("parent")
        return found


def names(image: dict[str, object]) -> list[str]:
    listed = image.get("names")
    return [str(name) for name in listed] if isinstance(listed, list) else []


def read_storage(state: State) -> Storage:
    folder = state.images / "storage"
    images = json.loads((folder / "overlay-images" / "images.json").read_text())
    layers = json.loads((folder / "overlay-layers" / "layers.json").read_text())
    return Storage(folder, images, {layer["id"]: layer for layer in layers})


def read_layers(state: State, name: str) -> list[Layer]:
    storage = read_storage(state)
    found: list[Layer] = []
    for layer_id in storage.lineage(storage.image(name)["layer"]):
        digest = str(storage.layers[layer_id]["diff-digest"])
        chain = hashlib.sha256(f"{found[-1].chain} {digest}".encode()).hexdigest() if found else ""
        folder = storage.folder / "overlay" / layer_id / "diff"
        found.append(Layer(digest, f"sha256:{chain}" if chain else digest, folder))
    return found


def image_of(state: State, name: str, layers: list[Layer]) -> oci.Image:
    config = builder.inspect(state, name)
    root = config["rootfs"]
    if not isinstance(root, dict) or root["diff_ids"] != [layer.digest for layer in layers]:
        raise Refused(f"{name}: buildah's records of its layers do not agree with its configuration")
    return oci.Image(name, oci.json_blob(oci.CONFIG, config), tuple(layer.placeholder() for layer in layers))


def snapshots(state: State) -> set[str]:
    rows = runtime.ctr(state, "snapshots", "ls").splitlines()[1:]
    return {row.split()[0] for row in rows}


def writable_folder(state: State, snapshot: str) -> Path:
    """Where containerd would have the snapshot's content written."""
    words = runtime.ctr(state, "snapshots", "mounts", "/target", snapshot).split()
    options = words[words.index("-o") + 1].split(",")
    upper = [option.removeprefix("upperdir=") for option in options if option.startswith("upperdir=")]
    return Path(upper[0] if upper else words[words.index("bind") + 1])


def adopt(state: State, layer: Layer, parent: str | None) -> None:
    scratch = f"adopting-{layer.chain.removeprefix('sha256:')}"
    if scratch in snapshots(state):
        runtime.ctr(state, "snapshots", "rm", scratch)
    runtime.ctr(state, "snapshots", "prepare", scratch, *([parent] if parent else []))
    target = writable_folder(state, scratch)
    linked = subprocess.run(["cp", "-al", f"{layer.folder}/.", str(target)], capture_output=True, text=True)
    if linked.returncode != 0:
        raise Refused(f"a layer could not be linked into containerd: {linked.stderr[-500:]}")
    runtime.ctr(state, "snapshots", "commit", layer.chain, scratch)


def load(state: State, name: str) -> bool:
    """Whether anything had to be done."""
    layers = read_layers(state, name)
    image = image_of(state, name, layers)
    present = snapshots(state)
    missing = [layer for layer in layers if layer.chain not in present]
    if not missing and runtime.image_digests(state).get(name) == image.manifest.digest:
        return False
    chains = [None, *(layer.chain for layer in layers)]
    for layer, parent in zip(layers, chains, strict=False):
        if layer in missing:
            adopt(state, layer, parent)
    oci.load(state, image)
    for layer in layers:  # from here on the image keeps them, and lets them go when it is replaced
        runtime.ctr(state, "snapshots", "label", layer.chain, f"{ROOT_LABEL}=")
    remove_replaced(state)
    return True


def remove_replaced(state: State) -> None:
    """The kubelet's side also names an image by its id, which would keep a replaced image's layers for ever."""
    digests = runtime.image_digests(state)
    current = {digest for name, digest in digests.items() if not name.startswith(ID_PREFIX)}
    for name, digest in digests.items():
        if name.startswith(ID_PREFIX) and digest not in current:
            runtime.ctr(state, "images", "rm", name)


def size_bytes(layers: list[Layer]) -> int:
    folders = [str(layer.folder) for layer in layers]
    listed = subprocess.run(["du", "-scb", *folders], capture_output=True, text=True, check=True).stdout
    return int(listed.split()[-2])


def remove_unused(state: State) -> None:
    """Drop what earlier builds left and no named image is made of."""
    storage = read_storage(state)
    kept = {layer for image in storage.images if names(image) for layer in storage.lineage(image["layer"])}
    unused = [str(image["id"]) for image in storage.images if not names(image) and image.get("layer") not in kept]
    if unused:
        subprocess.run(builder.command(state, "rmi", "--force", *unused), capture_output=True)
