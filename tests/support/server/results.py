"""Resources of a local server with their results, as a worker would have left them.

Owns no expectation.
"""

import io
import pathlib
from collections.abc import Mapping
from typing import Any

from PIL import Image

from darkroom_api.names import artifact_folder
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_labels.coco_labels import Label, LabelledImage, Review
from darkroom_predict.listing import LIST_NAME, build_list, read_list
from darkroom_server.backends.backend import Kind
from tests.support.server.backend_stories import a_manifest
from tests.support.server.local import LocalServer
from tests.support.server.parts import NAMESPACE

TAGS = ("apple", "pear")
PROPOSED = (
    LabelledImage(
        80, 60, "a.png", "s3://vision/a.png", labels=(Label("apple", (0.1, 0.2, 0.3, 0.4), 0.55),),
        review=Review.PENDING, uncertainty=0.9, preview="previews/000001.jpg",
    ),
    LabelledImage(
        80, 60, "b.png", "s3://vision/b.png", review=Review.PENDING, uncertainty=0.4, label_by_hand=True,
        preview="previews/000002.jpg",
    ),
    LabelledImage(80, 60, "c.png", "s3://vision/c.png", review=Review.PENDING, uncertainty=0.1),
)  # fmt: skip
"""Two that have a small picture, and one that has none."""


def create(server: LocalServer, kind: Kind, name: str, spec: Mapping[str, Any]) -> None:
    """Create a resource without a run."""
    server.backend.store.create(kind, NAMESPACE, a_manifest(kind, name, spec))


def find_place(server: LocalServer, kind: Kind, name: str) -> pathlib.Path:
    """Return the folder of a resource's results."""
    return server.folder / "artifacts" / artifact_folder(kind, name, server.find(kind, name).uid)


def write_results(folder: pathlib.Path, files: Mapping[str, bytes]) -> Artifacts:
    """Write files and their list beside those that are there."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != LIST_NAME]
    text = build_list(folder, names)
    (folder / LIST_NAME).write_text(text)
    return Artifacts(uri=folder.as_uri(), digest=read_list(text.encode()).digest)


def draw_previews() -> dict[str, bytes]:
    """Return two small pictures."""
    return {f"previews/{number:06d}.jpg": _draw("JPEG", number) for number in (1, 2)}


def draw_sheet() -> bytes:
    """Return a picture of samples, as a training leaves it."""
    return _draw("PNG", 3, (1030, 700))


def _draw(form: str, number: int, size_px: tuple[int, int] = (80, 60)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size_px, (60 * number, 90, 30)).save(file, form)
    return file.getvalue()
