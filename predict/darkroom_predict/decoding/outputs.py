"""Which task's raw outputs are decoded how. The only place of `decoding` that lists the tasks."""

from collections.abc import Callable
from typing import Final

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.decoding import boxes, products, tags
from darkroom_predict.predictions import Floats, Prediction

DECODERS: Final[dict[Task, Callable[[Floats], list[Prediction]]]] = {
    Task.CLASSIFIER: tags.decode_exclusive,
    Task.MULTILABEL_CLASSIFIER: tags.decode_independent,
    Task.DETECTOR: boxes.decode_cells,
    Task.PRODUCT_RECOGNIZER: products.decode_products,
}


def decode_outputs(task: Task, outputs: Floats) -> list[Prediction]:
    """Return one Prediction for each row of a model's raw `outputs`."""
    return DECODERS[task](outputs)
