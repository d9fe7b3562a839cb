"""Images as containerd imports them: a tar stream in the OCI layout, made here and piped in. Keeps no file."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from hack.localcluster.host.runtime import NAMESPACE
from hack.localcluster.progress import Refused
from hack.localcluster.state import State

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
ROOT_FOLDERS = {"data": 0o777, "tmp": 0o1777}


@dataclass(frozen=True)
class Blob:
    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True)
class Image:
    name: str
    config: Blob
    layers: tuple[Blob, ...]

    @property
    def manifest(self) -> Blob:
        layers = [layer.descriptor() for layer in self.layers]
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.config.descriptor(), "layers": layers}
        return json_blob(MANIFEST, document)


def json_blob(media_type: str, document: object) -> Blob:
    return Blob(media_type, json.dumps(document, sort_keys=True).encode())


def architecture() -> str:
    machine = os.uname().machine
    return ARCHITECTURES.get(machine, machine)


def member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, mode
    return entry


def program_layer(program: Path, name: str) -> Blob:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for folder, mode in ROOT_FOLDERS.items():
            entry = member(folder, 0, mode)
            entry.type = tarfile.DIRTYPE
            archive.addfile(entry)
        content = program.read_bytes()
        archive.addfile(member(name, len(content), 0o755), io.BytesIO(content))
    return Blob(LAYER, stream.getvalue())


def program_image(image_name: str, program: Path, name: str) -> Image:
    """An image of one static program and nothing else."""
    layer = program_layer(program, name)
    config = {
        "architecture": architecture(),
        "os": "linux",
        "config": {"Entrypoint": [f"/{name}"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    }
    return Image(image_name, json_blob(CONFIG, config), (layer,))


def archive(image: Image) -> bytes:
    entry = image.manifest.descriptor() | {"annotations": {"io.containerd.image.name": image.name}}
    files = {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
    }
    for blob in (image.manifest, image.config, *image.layers):
        files[f"blobs/sha256/{blob.digest.removeprefix('sha256:')}"] = blob.content
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path, content in files.items():
            tar.addfile(member(path, len(content), 0o644), io.BytesIO(content))
    return stream.getvalue()


def load(state: State, image: Image) -> None:
    command = ["ctr", "-a", str(state.socket), "-n", NAMESPACE, "images", "import", "-"]
    result = subprocess.run(command, input=archive(image), capture_output=True)
    if result.returncode != 0:
        raise Refused(f"containerd did not take {image.name}: {result.stderr.decode(errors='replace').strip()}")
