"""The pretrained weights that one run can start from, each fetched and checked once.

Owns what is kept of them and the record of what was used. Must not know where weights come from: that is `weights`.
"""

import logging
import pathlib
from typing import Any

import torch

from darkroom_api.conditions import Reason
from darkroom_api.run_config import RunConfig
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.runtime import errors
from darkroom_trainer.tasks.base import LearningTask
from darkroom_trainer.weights import detectors, files, finding, packages

LOG = logging.getLogger(__name__)


class Pretrained:
    """The weights of a run; `named` is the backbone that its Model asks for."""

    def __init__(self, sources: finding.Sources, task: Task, named: str | None) -> None:
        self._sources = sources
        self.named = named
        self.names = [named] if named is not None else finding.list_available(sources, task)
        self._found: dict[str, files.FoundWeights | None] = {}
        self._unusable: list[str] = []

    def find(self, name: str) -> files.FoundWeights | None:
        """Return the weights of a network, None where there are none; raises RunError as `find_weights` does.

        A detector that the search came across is left out where its files are wrong; one that the Model names is not.
        """
        if name not in self._found:
            is_optional = detectors.is_detector(name) and name != self.named
            self._found[name] = self._find_usable(name) if is_optional else finding.find_weights(name, self._sources)
        return self._found[name]

    def _find_usable(self, name: str) -> files.FoundWeights | None:
        try:
            return finding.find_weights(name, self._sources)
        except errors.RunError as error:
            if error.reason is not Reason.INVALID_CONFIGURATION:
                raise
            self._unusable.append(f"{name} was not tried: {error.message}")
            LOG.warning("%s", self._unusable[-1])
            return None

    def load(self, name: str) -> dict[str, torch.Tensor] | None:
        """Return a network's tensors, None where it starts from random ones."""
        found = self.find(name)
        return None if found is None else finding.load_tensors(found)

    def build_model(self, task: LearningTask, recipe: Recipe, seed: int) -> torch.nn.Module:
        """Return the model of a recipe: its weights depend on the seed, and on pretrained ones where there are any."""
        torch.manual_seed(seed)
        return task.build_model(recipe.backbone, self.load(recipe.backbone), recipe.image_size_px, recipe.network)

    def describe(self, name: str) -> dict[str, Any] | None:
        """Return the record of the weights that a network started from."""
        found = self.find(name)
        return None if found is None else found.to_json()

    def explain_missing(self) -> str:
        """Return what the user should read where weights that were meant to be there are not; else nothing.

        Raises RunError(InvalidConfiguration) for a named detector without weights.
        """
        if self.named is None:
            embedded = "" if packages.SEARCHED in self.names else finding.explain_unusable(self._sources)
            return "; ".join(filter(None, (embedded, *self._unusable)))
        if detectors.is_detector(self.named) and self.find(self.named) is None:
            raise errors.RunError(Reason.INVALID_CONFIGURATION, finding.explain_no_detector(self.named, self._sources))
        return "" if self.find(self.named) is not None else finding.explain_missing(self.named, self._sources)


def open_pretrained(config: RunConfig, kind: Task, work: pathlib.Path) -> Pretrained:
    """Return the weights that a run can start from, fetched below `work`; raises RunError as `open_sources` does."""
    pretrained = Pretrained(finding.open_sources(config.weights, work), kind, config.backbone)
    missing = pretrained.explain_missing()
    if missing:
        LOG.warning("%s", missing)
    return pretrained
