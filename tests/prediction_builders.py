"""Predictions for tests, each valid as it is, like those of `tests.builders`."""

from typing import Any

from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus
from darkroom_operator.facts.views import PredictionView
from tests.builders import an_observed_dataset, an_observed_model, observed


def a_prediction_spec(**changes: Any) -> PredictionSpec:
    """Return the spec of a Prediction over a Dataset; a None leaves a field out."""
    loaded = {"model": "fruit", "dataset": "fruit-june", **changes}
    return PredictionSpec.model_validate({key: value for key, value in loaded.items() if value is not None})


def a_prediction_view(
    spec: PredictionSpec | None = None, status: PredictionStatus | None = None, **changes: Any
) -> PredictionView:
    """Return what is seen of a Prediction whose Model succeeded and whose Dataset is Ready."""
    dataset = changes.pop("dataset", an_observed_dataset("fruit-june"))
    model = changes.pop("model", an_observed_model())
    model_dataset = changes.pop("model_dataset", an_observed_dataset())
    seen = observed("Prediction", "july", spec or a_prediction_spec(), status or PredictionStatus(), **changes)
    return PredictionView(self_=seen, model=model, model_dataset=model_dataset, dataset=dataset)
