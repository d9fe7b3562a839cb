"""Folders with a finished product recognizer, and shelves with a product that it has not seen, for the tests."""

import pathlib
from typing import Final

import numpy as np
import safetensors.torch
from PIL import Image

from darkroom_api.v1alpha1.common import Task
from darkroom_predict import description, listing
from darkroom_trainer.export import onnx_parity
from darkroom_trainer.prediction import adding, torch_predictor
from darkroom_trainer.runtime.device import prepare_device
from darkroom_trainer.samples import shelf_pictures
from darkroom_trainer.tasks.recognizer import ProductRecognizer
from tests.unit.tasks.shelf_models import LABELS, build_data, build_network, draw_shelves

NEW: Final = shelf_pictures.Product("honey", (24, 30), (214, 140, 20), (30, 30, 30), "crimp", "stripes")
NAMES: Final = [description.DESCRIPTION_NAME, description.WEIGHTS_NAME, description.ONNX_NAME, adding.LABELS_NAME]


def write_recognizer(folder: pathlib.Path) -> pathlib.Path:
    """Write a recognizer that has seen twelve shelves and taken no step; returns the folder."""
    task = ProductRecognizer(LABELS)
    network = build_network(task)
    pixels, examples = draw_shelves(12)
    task.finish(network, build_data(task, pixels, examples))
    safetensors.torch.save_file(network.state_dict(), folder / description.WEIGHTS_NAME)
    shape = description.Preprocessing(128, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    model = description.ModelDescription(Task.PRODUCT_RECOGNIZER, LABELS, "test_resnet", shape, 0.3, "v1", "0")
    description.write_description(model, folder)
    (folder / adding.LABELS_NAME).write_text("".join(f"{label}\n" for label in LABELS))
    assert onnx_parity.export_checked(network, model, folder, pixels).agrees
    return list_files(folder)


def write_detector(folder: pathlib.Path) -> pathlib.Path:
    """Make the model of a folder a detector by its description; returns the folder."""
    shape = description.Preprocessing(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    model = description.ModelDescription(Task.DETECTOR, ("tea",), "test_resnet", shape, 0.3, "v1", "0")
    description.write_description(model, folder)
    return list_files(folder)


def list_files(folder: pathlib.Path) -> pathlib.Path:
    """Write the list of the folder's files; returns the folder."""
    (folder / listing.LIST_NAME).write_text(listing.build_list(folder, NAMES))
    return folder


def load(folder: pathlib.Path) -> torch_predictor.TorchPredictor:
    """Return the model of a folder."""
    return torch_predictor.build_predictor(folder, description.read_description(folder), prepare_device())


def draw_new(count: int) -> list[shelf_pictures.Shelf]:
    """Return shelves with the new product between the others."""
    random = np.random.default_rng(9)
    return [shelf_pictures.draw_shelf(random, (*shelf_pictures.PRODUCTS, NEW, NEW)) for _ in range(count)]


def write_pack(path: pathlib.Path) -> pathlib.Path:
    """Write a picture that the new product fills; returns its path."""
    Image.fromarray(shelf_pictures.draw_pack(NEW, 120, np.random.default_rng(0))).save(path)
    return path
