"""What a model is said to be."""

from typing import Any

import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.description import ModelDescription, Preprocessing
from darkroom_trainer.export import model_summary

SOURCES = {"lite": "folder /weights", "vit": "https://hub.example.com"}


def a_model(backbone: str | None, *blocks: str, share: float = 0.0) -> ModelDescription:
    look = Preprocessing(64, (0.5,), (0.25,))
    light: dict[str, Any] | None = {"blocks": list(blocks)} if blocks else None
    return ModelDescription(Task.CLASSIFIER, ("a", "b"), backbone, look, 0.0, "v1", "0.1", light, share)


SUMMARIES = {
    "a network from random weights": (a_model("resnet18"), "network resnet18 from random weights"),
    "a network from pretrained weights": (a_model("lite"), "network lite (folder /weights)"),
    "pretrained features": (
        a_model(None, "backbone:lite", share=1.0),
        "classifier on frozen features of lite (folder /weights)",
    ),
    "features of two networks": (
        a_model(None, "backbone:lite", "backbone:vit", share=1.0),
        "classifier on frozen features of lite (folder /weights) and vit (https://hub.example.com)",
    ),
    "hand-made features": (a_model(None, "grey16", "edges7", share=1.0), "classifier on hand-made features"),
    "features of both kinds": (
        a_model(None, "backbone:lite", "grey16", share=1.0),
        "classifier on frozen features of lite (folder /weights) and on hand-made ones",
    ),
    "an ensemble": (
        a_model("resnet18", "grey16", share=0.5),
        "network resnet18 from random weights, together with a classifier on hand-made features",
    ),
    "a head without weight": (a_model("resnet18", "grey16"), "network resnet18 from random weights"),
}


@pytest.mark.parametrize(("model", "words"), SUMMARIES.values(), ids=SUMMARIES)
def test_a_model_is_called_what_answers(model: ModelDescription, words: str) -> None:
    assert model_summary.summarize_model(model, SOURCES) == words


def test_where_the_weights_came_from_is_told_only_where_it_is_known() -> None:
    assert model_summary.summarize_model(a_model("resnet18"), None) == "network resnet18"
    told = model_summary.summarize_model(a_model(None, "backbone:lite", share=1.0), None)
    assert told == "classifier on frozen features of lite"


def test_the_metrics_of_a_training_name_the_sources_and_those_of_an_evaluation_do_not() -> None:
    record = {"name": "lite", "source": "folder /weights", "sha256": "0"}
    assert model_summary.read_sources({"recipe": {}, "weights": [record]}) == {"lite": "folder /weights"}
    assert model_summary.read_sources({"recipe": {}, "weights": []}) == {}
    assert model_summary.read_sources({"performance": {}}) is None
