"""Results of runs: products and gaps with ids of their own, named or not."""

import numpy as np

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.description import ModelDescription, Preprocessing
from darkroom_predict.images import ImageSize
from darkroom_predict.predictions import OtherTags, Prediction
from darkroom_server.prediction.looking import Seen
from darkroom_server.runs.recognition import build_result

BOXES = np.array([[0, 0, 0.5, 1], [0.5, 0, 0.25, 1], [0.75, 0, 0.25, 1]], dtype=np.float32)


def see() -> Seen:
    """Return tea, a gap and coffee, on a picture that was turned upright."""
    described = ModelDescription(
        Task.PRODUCT_RECOGNIZER, ("Gap", "tea", "coffee"), "test", Preprocessing(32, (0.5,), (0.5,)), 0.3, "v1", "0"
    )
    others = OtherTags(np.array([[2], [0], [1]]), np.array([[0.05], [0.0], [0.0]], np.float32))
    guess = Prediction(np.array([1, 0, 2]), np.array([0.9, 0.8, 0.7], np.float32), BOXES, others)
    return Seen(described, ImageSize(20, 10, turned=True), guess)


def test_a_result_has_products_and_gaps_whose_ids_are_unique_together() -> None:
    result = build_result(see(), is_named=True)
    assert result["imageMetadata"] == {"width": 20, "height": 10}
    assert [product["tags"] for product in result["products"]] == [
        [{"name": "tea", "confidence": 0.9}, {"name": "coffee", "confidence": 0.05}],
        [{"name": "coffee", "confidence": 0.7}],
    ]
    assert [gap["tags"] for gap in result["gaps"]] == [[{"name": "gap", "confidence": 0.8}]]
    assert result["gaps"][0]["boundingBox"] == {"x": 10, "y": 0, "w": 5, "h": 10}
    ids = [found["id"] for found in result["products"] + result["gaps"]]
    assert all(isinstance(one, str) for one in ids)
    assert len(set(ids)) == 3


def test_the_built_in_model_knows_no_names() -> None:
    result = build_result(see(), is_named=False)
    assert [product["tags"] for product in result["products"]] == [
        [{"name": "product", "confidence": 0.9}],
        [{"name": "product", "confidence": 0.7}],
    ]
    assert result["gaps"][0]["tags"] == [{"name": "gap", "confidence": 0.8}]
