"""`darkroom add-product`: one image makes a product known; boxes, other products and refusals stay as they were."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
from PIL import Image

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.command import main
from darkroom_trainer.device import prepare_device
from darkroom_trainer.export import description, listing, onnx_parity
from darkroom_trainer.prediction import predictor, products
from darkroom_trainer.samples import shelves
from darkroom_trainer.tasks.recognizer import ProductRecognizer
from tests.unit.tasks.shelf_models import LABELS, build_data, build_network, draw_shelves

NEW = shelves.Product("honey", (24, 30), (214, 140, 20), (30, 30, 30), "crimp", "stripes")
NAMES = [description.DESCRIPTION_NAME, description.WEIGHTS_NAME, description.ONNX_NAME, products.LABELS_NAME]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the folder of a recognizer that has seen twelve shelves and taken no step."""
    folder = tmp_path_factory.mktemp("made")
    task = ProductRecognizer(LABELS)
    network = build_network(task)
    pixels, examples = draw_shelves(12)
    task.finish(network, build_data(task, pixels, examples))
    safetensors.torch.save_file(network.state_dict(), folder / description.WEIGHTS_NAME)
    shape = description.Preprocessing(128, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    model = description.ModelDescription(Task.PRODUCT_RECOGNIZER, LABELS, "test_resnet", shape, 0.3, "v1", "0")
    description.write_description(model, folder)
    (folder / products.LABELS_NAME).write_text("".join(f"{label}\n" for label in LABELS))
    assert onnx_parity.export_checked(network, model, folder, pixels).agrees
    (folder / listing.LIST_NAME).write_text(listing.build_list(folder, NAMES))
    return folder


@pytest.fixture
def folder(made: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(made, tmp_path / "model"))


@pytest.fixture
def pack(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "pack.png"
    Image.fromarray(shelves.draw_pack(NEW, 120, np.random.default_rng(0))).save(path)
    return path


def draw_new(count: int) -> list[shelves.Shelf]:
    """Return shelves with the new product between the others."""
    random = np.random.default_rng(9)
    return [shelves.draw_shelf(random, (*shelves.PRODUCTS, NEW, NEW)) for _ in range(count)]


def load(folder: pathlib.Path) -> predictor.Predictor:
    return predictor.build_predictor(folder, description.read_description(folder), prepare_device())


def test_one_image_makes_a_product_known_and_changes_no_box(folder: pathlib.Path, pack: pathlib.Path) -> None:
    import torch

    images = torch.from_numpy(draw_new(1)[0].pixels.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        before = load(folder).model(images)
        assert main(["add-product", str(folder), "--name", "honey", "--image", str(pack)]) == 0
        after = load(folder).model(images)
    assert torch.equal(before[..., [0, 1, 4, 5, 6, 7]], after[..., [0, 1, 4, 5, 6, 7]])
    weights = safetensors.numpy.load_file(folder / description.WEIGHTS_NAME)
    assert weights["prototypes"].shape[0] == len(LABELS) + 1
    assert weights["is_known"][-1] == 1


def test_the_new_product_is_named_on_shelves_and_the_others_still_are(folder: pathlib.Path, pack: pathlib.Path) -> None:
    import torch

    assert main(["add-product", str(folder), "--name", "honey", "--image", str(pack)]) == 0
    ready = load(folder)
    network, labels = products.find_network(ready.model), ready.description.labels
    right = []
    for shelf in draw_new(8):
        named = [placed for placed in shelf.placed if placed.tag != shelves.GAP]
        boxes = torch.tensor([placed.box for placed in named]).float() / shelves.SHELF_PX
        boxes[:, 2:] += boxes[:, :2]
        image = (torch.from_numpy(shelf.pixels.copy()).permute(2, 0, 1)[None].float() / 255 - 0.5) / 0.25
        with torch.inference_mode():
            told = network.compare(network.embed(image, boxes[None])).argmax(dim=-1)[0].tolist()
        right += [
            (placed.tag == "honey", labels[label] == placed.tag) for placed, label in zip(named, told, strict=True)
        ]
    assert sum(is_new for is_new, _ in right) >= 8
    assert np.mean([is_right for is_new, is_right in right if is_new]) >= 0.9
    assert np.mean([is_right for is_new, is_right in right if not is_new]) >= 0.85


def test_every_file_of_the_folder_follows(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shelf = next(shelf for shelf in draw_new(9) if any(placed.tag == "honey" for placed in shelf.placed))
    box = next(placed.box for placed in shelf.placed if placed.tag == "honey")
    Image.fromarray(shelf.pixels).save(tmp_path / "scene.png")
    before = json.loads((folder / listing.LIST_NAME).read_text())["files"]
    place = ",".join(map(str, box))
    assert (
        main(["add-product", str(folder), "--name", "honey", "--image", str(tmp_path / "scene.png"), "--box", place])
        == 0
    )
    after = listing.check_files(folder, NAMES).files
    assert set(after) == set(before)
    assert all(after[name]["sha256"] != before[name]["sha256"] for name in NAMES)
    model = description.read_description(folder)
    assert model.labels == (*LABELS, "honey")
    assert model.version != "v1"
    assert (folder / products.LABELS_NAME).read_text().splitlines() == list(model.labels)
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
    shape = description.Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
    model = description.ModelDescription(Task.DETECTOR, ("tea",), "test_resnet", shape, 0.3, "v1", "0")
    description.write_description(model, folder)
    (folder / listing.LIST_NAME).write_text(listing.build_list(folder, NAMES))
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
