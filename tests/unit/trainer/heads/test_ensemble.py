"""An ensemble answers the mean of probabilities."""

import numpy as np
import pytest
import torch
from torch import nn

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.heads import ensemble as ensembles, refitting, specs
from darkroom_trainer.heads.fits.probabilities import to_probabilities
from darkroom_trainer.heads.store import FeatureStore
from darkroom_trainer.networks import resizing_layers
from darkroom_trainer.tasks.classifier import Classifier
from tests.unit.trainer.head_examples import build_examples

ENSEMBLE_WEIGHTS = (0.25, 0.5, 0.75)


class Says(nn.Module):
    """Answers the same logits, whatever the images."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        del images
        return self.logits


NETWORK = Says(torch.tensor([[2.0, -1.0, 0.5], [-3.0, 0.0, 4.0]]))
HEAD = Says(torch.tensor([[-1.5, 0.25, 3.0], [1.0, 1.0, -2.0]]))
IMAGES = torch.zeros(2, 3, 4, 4)
MIXING = [pytest.param(Task.CLASSIFIER, id="softmax"), pytest.param(Task.MULTILABEL_CLASSIFIER, id="sigmoid")]


@pytest.mark.parametrize("weight", ENSEMBLE_WEIGHTS)
@pytest.mark.parametrize("task", MIXING)
def test_an_ensemble_answers_the_mixture_of_probabilities(task: Task, weight: float) -> None:
    is_multilabel = task is Task.MULTILABEL_CLASSIFIER
    mixed = ensembles.join_models(task, NETWORK, HEAD, weight)(IMAGES)
    network, head = (to_probabilities(part.logits, is_multilabel=is_multilabel) for part in (NETWORK, HEAD))
    found = to_probabilities(mixed, is_multilabel=is_multilabel)
    torch.testing.assert_close(found, (1 - weight) * network + weight * head, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("weight", ENSEMBLE_WEIGHTS)
@pytest.mark.parametrize("task", MIXING)
@pytest.mark.parametrize("times", [30.0, 300.0])
def test_an_ensemble_of_sure_parts_loses_nothing(task: Task, weight: float, times: float) -> None:
    """The mixture in float64, where such probabilities are neither 0 nor 1."""
    parts = [(times * part.logits).double() for part in (NETWORK, HEAD)]
    shares = torch.tensor([1 - weight, weight], dtype=torch.float64).log()[:, None, None]
    if task is Task.CLASSIFIER:
        expected = torch.logsumexp(torch.stack(parts).log_softmax(dim=2) + shares, dim=0)
    else:
        present, absent = (nn.functional.logsigmoid(sign * torch.stack(parts)) + shares for sign in (1, -1))
        expected = torch.logsumexp(present, dim=0) - torch.logsumexp(absent, dim=0)
    network, head = (Says(part.float()) for part in parts)
    mixed = ensembles.join_models(task, network, head, weight)(IMAGES)
    torch.testing.assert_close(mixed, expected.float(), rtol=1e-6, atol=1e-6)


def test_what_has_no_weight_is_left_out() -> None:
    assert ensembles.join_models(Task.CLASSIFIER, NETWORK, HEAD, 0.0) is NETWORK
    assert ensembles.join_models(Task.CLASSIFIER, NETWORK, HEAD, 1.0) is HEAD
    assert ensembles.join_models(Task.CLASSIFIER, NETWORK, None, 0.5) is NETWORK
    assert ensembles.join_models(Task.CLASSIFIER, None, HEAD, 0.5) is HEAD


def test_a_network_that_shrinks_its_images_comes_back_from_its_description() -> None:
    task = Classifier(("a", "b"))
    trained = resizing_layers.fit_network(task.build_model("test_resnet", image_size_px=32), 64, 32).eval()
    again = ensembles.build_described_model(task, "test_resnet", None, 0.0, 64, 32)
    again.load_state_dict(trained.state_dict())
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(again.eval()(images), trained(images))
    plain = ensembles.build_described_model(task, "test_resnet", None, 0.0, 64)
    assert plain.state_dict().keys() != trained.state_dict().keys()


def test_a_head_on_hand_made_features_comes_back_from_the_spec_of_an_older_version() -> None:
    examples = build_examples(np.arange(30) % 3, 3)
    spec = specs.build_default_spec(FeatureStore(examples, np.arange(30)), 0)
    fitted = refitting.fit_spec(spec, examples, seed=0).spec
    older = {key: value for key, value in fitted.items() if key != "networks"}
    assert ensembles.build_head(older, 3).state_dict().keys() == ensembles.build_head(fitted, 3).state_dict().keys()
