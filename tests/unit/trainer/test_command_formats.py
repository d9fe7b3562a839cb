"""`darkroom run` on labels of each format, from a claim's folder and from a container of Azure."""

import io
import pathlib
from collections.abc import Callable
from typing import Any, Final

import pytest
from PIL import Image

from darkroom_trainer.command import main
from tests.support.storage.azurite import ACCOUNT, CONTAINER, KEY, Azurite
from tests.unit.trainer.label_folders import HEIGHT, WIDTH, Object, to_voc, to_yolo, write_files
from tests.unit.trainer.run_builders import a_dataset, a_model, read_items, write_manifests

TAGS: Final = ("apple", "pear")
IMAGES: Final[dict[str, list[Object]]] = {
    f"{number:02d}": [(TAGS[number % 2], (10 + number, 5, 30, 20 + number))] for number in range(12)
}
KINDS: Final = {
    "YOLO": ("imageObjectDetection", "data.yaml"),
    "PascalVOC": ("imageObjectDetection", "Annotations/"),
    "Folders": ("imageClassification", ""),
}
SPOILED: Final = {
    "YOLO": ("labels/03.txt", b"0 .5 .5 .1 .1\n7 .5 .5 .1 .1\n", "labels/03.txt line 2: class 7 is not in names of"),
    "PascalVOC": (
        "Annotations/03.xml", to_voc("03", [("pear", (9, 9, 200, 9))]).encode(), "Annotations/03.xml line 4: bndbox",
    ),
    "Folders": ("pear/03.png", b"no picture", "pear/03.png"),
}  # fmt: skip
"""A file that is put in the place of a sound one, and what is said of it."""


def draw(number: int) -> bytes:
    """Return a picture that no other number has; those of one tag look alike."""
    file, shade = io.BytesIO(), 5 * number
    picture = Image.new("RGB", (WIDTH, HEIGHT), (200, shade, 0) if number % 2 else (0, shade, 200))
    picture.putpixel((number, number), (255, 255, 255))
    picture.save(file, "PNG")
    return file.getvalue()


def build_files(form: str) -> dict[str, bytes]:
    """Return the files of a dataset, by their names below its folder."""
    pictures = {name: draw(int(name)) for name in IMAGES}
    if form == "Folders":
        return {f"{IMAGES[name][0][0]}/{name}.png": data for name, data in pictures.items()}
    if form == "PascalVOC":
        labels = {f"Annotations/{name}.xml": to_voc(name, objects) for name, objects in IMAGES.items()}
    else:
        labels = to_yolo(IMAGES, TAGS)
    folder = "JPEGImages" if form == "PascalVOC" else "images"
    named = {f"{folder}/{name}.png": data for name, data in pictures.items()}
    return named | {name: text.encode() for name, text in labels.items()}


def write_datasets(folder: pathlib.Path) -> None:
    """Write a sound and a spoiled dataset of each format."""
    for form in KINDS:
        name, data, _ = SPOILED[form]
        write_files(folder / form / "sound", build_files(form))
        write_files(folder / form / "spoiled", {**build_files(form), name: data})


def build_datasets(root: str, **fields: Any) -> list[dict[str, Any]]:
    """Return the manifests of those datasets, whose folders are below an address."""
    return [
        a_dataset(
            f"{form.lower()}-{state}",
            annotationKind=kind,
            annotationFiles=[f"{root}{form}/{state}/{file}"],
            format=form,
            **fields,
        )
        for form, (kind, file) in KINDS.items()
        for state in ("sound", "spoiled")
    ]


def _use_volume(_folder: pathlib.Path, _request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "volume:", {"volumeClaim": "photos"}


def _use_container(folder: pathlib.Path, request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    server: Azurite = request.getfixturevalue("azurite")
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    server.put_folder(CONTAINER, folder, "formats/")
    given = {"AWS_CA_BUNDLE": str(server.certificate), "AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_KEY": KEY}
    for name, value in given.items():
        patch.setenv(name, value)
    return f"az://{CONTAINER}/formats/", {"endpoint": server.endpoint}


Use = Callable[[pathlib.Path, pytest.FixtureRequest], tuple[str, dict[str, Any]]]


@pytest.mark.parametrize("use", [_use_volume, _use_container], ids=["a volume", "a container"])
def test_labels_of_each_format_are_inspected_and_what_is_wrong_is_named_with_its_file(
    use: Use, tmp_path: pathlib.Path, request: pytest.FixtureRequest
) -> None:
    write_datasets(tmp_path / "data")
    root, storage = use(tmp_path / "data", request)
    manifests = write_manifests(tmp_path / "manifests", *build_datasets(root, storage=storage))
    output = tmp_path / "out"
    flags = ["--volume", f"photos={tmp_path / 'data'}", "--output", str(output)]
    assert main(["run", "-f", manifests, *flags]) == 1
    found = {name: item["status"] for name, item in read_items(output).items()}
    for form, (_, _, says) in SPOILED.items():
        sound, spoiled = (found[f"Dataset/{form.lower()}-{state}"] for state in ("sound", "spoiled"))
        assert (sound["phase"], sound["summary"]["images"]) == ("Ready", len(IMAGES)), sound
        assert (spoiled["phase"], spoiled["reason"]) == ("Invalid", "DatasetCorrupt"), spoiled
        assert says in spoiled["message"]


@pytest.mark.slow
def test_folders_of_classes_on_a_volume_train_a_model(tmp_path: pathlib.Path) -> None:
    write_files(tmp_path / "data", build_files("Folders"))
    place: dict[str, Any] = {"annotationFiles": ["volume:/"], "format": "Folders", "storage": {"volumeClaim": "photos"}}
    manifests = write_manifests(tmp_path / "manifests", a_dataset(**place), a_model(budget="20s"))
    output = tmp_path / "out"
    flags = ["--volume", f"photos={tmp_path / 'data'}", "--output", str(output)]
    assert main(["run", "-f", manifests, *flags]) == 0
    assert read_items(output)["Model/sorter"]["status"]["phase"] == "Succeeded"
