"""Products on shelves: boxes of products and gaps whatever the product, and a name for each by its looks.

Owns what counts for the detector. A product is known by a prototype, so one image is enough
for a new one; see `prototypes`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from darkroom_api.v1alpha1.common import Performance, Task
from darkroom_predict.decoding.products import decode_products
from darkroom_predict.gaps import find_gap
from darkroom_predict.predictions import Integers, Prediction, Truth
from darkroom_trainer.metrics.box_scores import recognition
from darkroom_trainer.networks import recognizer_network
from darkroom_trainer.networks.detection_transformer import QueryAnswers
from darkroom_trainer.tasks.base import LearnedData, Targets
from darkroom_trainer.tasks.detector import Detector


class ProductRecognizer(Detector):
    """Targets as the detector's. Outputs: see `RecognizerNetwork`."""

    kind = Task.PRODUCT_RECOGNIZER

    def build_model(
        self,
        backbone: str,
        weights: dict[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
        network: str = "",  # noqa: ARG002
    ) -> nn.Module:
        """Return the detector of products and gaps with a place for each product's prototype."""
        gap = find_gap(self.labels)
        return recognizer_network.RecognizerNetwork(backbone, len(self.labels), gap, weights, image_size_px)

    def compute_loss(self, outputs: torch.Tensor | QueryAnswers, targets: Targets) -> torch.Tensor:
        """Return the detector's loss for two tags, product and gap."""
        assert isinstance(outputs, torch.Tensor), "its network is always a dense one"
        numbers = torch.cat([outputs[..., : recognizer_network.BOX_TAGS], outputs[..., -4:]], dim=-1)
        return super().compute_loss(numbers, {**targets, "label": self._merge(targets["label"])})

    def _merge(self, labels: torch.Tensor) -> torch.Tensor:
        is_own_gap = labels == find_gap(self.labels)
        merged = torch.where(is_own_gap, recognizer_network.GAP, recognizer_network.PRODUCT)
        return torch.where(labels < 0, labels, merged.to(labels.dtype))

    def decode(self, outputs: torch.Tensor) -> list[Prediction]:
        """Return the boxes of each image with their products, best first."""
        return decode_products(outputs.float().cpu().numpy())

    def measure(self, predictions: Sequence[Prediction], truths: Sequence[Truth]) -> Performance:
        """Return mean average precision over products and gap, of boxes alone, and how often the product is right."""
        return recognition.measure_recognition(predictions, truths, self.labels, find_gap(self.labels))

    def tune(self, model: nn.Module, data: LearnedData, rows: Integers) -> None:
        """Leave nothing open: products are distinguished by their crops alone."""
