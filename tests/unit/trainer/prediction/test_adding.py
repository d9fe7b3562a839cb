"""`darkroom add-product`: one image makes a product known; boxes, other products and refusals stay as they were."""

import pathlib
import shutil

import pytest
import torch
from PIL import Image

from darkroom_predict import description, listing
from darkroom_predict.decoding.products import TAGS
from darkroom_trainer.command import main
from darkroom_trainer.prediction import adding, extending, products
from darkroom_trainer.samples import shelf_pictures
from tests.unit.trainer.prediction.shelf_folders import (
    NAMES,
    draw_new,
    load,
    write_detector,
    write_pack,
    write_recognizer,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return write_recognizer(tmp_path_factory.mktemp("made"))


@pytest.fixture
def folder(made: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(made, tmp_path / "model"))


@pytest.fixture
def pack(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_pack(tmp_path / "pack.png")


def compute_share(values: list[bool]) -> float:
    """Return the share of true values."""
    return sum(values) / len(values)


def test_one_image_makes_a_product_known_and_changes_no_box(folder: pathlib.Path, pack: pathlib.Path) -> None:
    images = torch.from_numpy(draw_new(1)[0].pixels.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        before = load(folder).model(images)
        assert main(["add-product", str(folder), "--name", "honey", "--image", str(pack)]) == 0
        after = load(folder).model(images)
    assert torch.equal(before[..., :TAGS], after[..., :TAGS])
    assert torch.equal(before[..., -4:], after[..., -4:])
    network = extending.find_network(load(folder).model)
    assert network.prototypes.shape[0] == len(shelf_pictures.TAGS) + 1
    assert network.is_known[-1] == 1


def test_the_new_product_is_named_on_shelves_and_the_others_still_are(folder: pathlib.Path, pack: pathlib.Path) -> None:
    assert main(["add-product", str(folder), "--name", "honey", "--image", str(pack)]) == 0
    ready = load(folder)
    network, labels = extending.find_network(ready.model), ready.description.labels
    right = []
    for shelf in draw_new(8):
        named = [placed for placed in shelf.placed if placed.tag != shelf_pictures.GAP]
        boxes = torch.tensor([placed.box for placed in named]).float() / shelf_pictures.SHELF_PX
        boxes[:, 2:] += boxes[:, :2]
        image = (torch.from_numpy(shelf.pixels.copy()).permute(2, 0, 1)[None].float() / 255 - 0.5) / 0.25
        with torch.inference_mode():
            told = network.compare(network.embed(image, boxes[None])).argmax(dim=-1)[0].tolist()
        right += [
            (placed.tag == "honey", labels[label] == placed.tag) for placed, label in zip(named, told, strict=True)
        ]
    assert sum(is_new for is_new, _ in right) >= 8
    assert compute_share([is_right for is_new, is_right in right if is_new]) >= 0.9
    assert compute_share([is_right for is_new, is_right in right if not is_new]) >= 0.85


def test_every_file_of_the_folder_follows(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shelf = next(shelf for shelf in draw_new(9) if any(placed.tag == "honey" for placed in shelf.placed))
    box = next(placed.box for placed in shelf.placed if placed.tag == "honey")
    Image.fromarray(shelf.pixels).save(tmp_path / "scene.png")
    before = listing.check_files(folder, NAMES).files
    place = ",".join(map(str, box))
    assert (
        main(["add-product", str(folder), "--name", "honey", "--image", str(tmp_path / "scene.png"), "--box", place])
        == 0
    )
    after = listing.check_files(folder, NAMES).files
    assert set(after) == set(before)
    assert all(after[name]["sha256"] != before[name]["sha256"] for name in NAMES)
    model = description.read_description(folder)
    assert model.labels == (*shelf_pictures.TAGS, "honey")
    assert model.version != "v1"
    assert (folder / adding.LABELS_NAME).read_text().splitlines() == list(model.labels)
    assert sorted(path.name for path in folder.parent.iterdir() if path.name.startswith(".add")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--name", "gap"], "gaps are no product", id="the gap"),
        pytest.param(["--name", " "], "a product needs a name", id="no name"),
        pytest.param(["--name", "tea"], "knows a product of this name already", id="a known product"),
        pytest.param(["--name", "x", "--image", "none.png"], "none.png: No such file", id="no image"),
        pytest.param(["--name", "x", "--box", "0.5,0,0.6,1"], "not inside the image", id="a box outside"),
        pytest.param(["--name", "x", "--box", "0,0,0,1"], "not inside the image", id="an empty box"),
    ],
)
def test_what_cannot_be_added_is_refused_in_words_and_leaves_the_folder(
    folder: pathlib.Path, pack: pathlib.Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / listing.LIST_NAME).read_bytes()
    assert main(["add-product", str(folder), "--image", str(pack), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert (folder / listing.LIST_NAME).read_bytes() == before
    listing.check_files(folder, NAMES)


def test_other_models_are_refused_by_kind(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_detector(folder)
    assert main(["add-product", str(folder), "--name", "x", "--image", "a.png"]) == 1
    assert "holds a detector; products are added to a productRecognizer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("box", "scaled"),
    [
        pytest.param((0.25, 0.5, 0.5, 0.25), (50, 50, 100, 25), id="relative"),
        pytest.param((50, 50, 100, 25), (50, 50, 100, 25), id="pixels"),
        pytest.param((0, 0, 1, 1), (0, 0, 200, 100), id="the whole image"),
    ],
)
def test_boxes_are_relative_or_in_pixels_as_in_annotation_files(box: products.Box, scaled: tuple[int, ...]) -> None:
    assert products.scale_box(box, (200, 100)) == scaled
