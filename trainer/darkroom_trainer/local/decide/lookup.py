"""What one resource of a run on this machine names, as it is found and observed.

Pure. Must not decide what is done with it.
"""

from dataclasses import dataclass

from darkroom_api import blockers
from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_trainer.local.board import BoardEntry, Resources
from darkroom_trainer.local.config import build_source
from darkroom_trainer.local.manifests import Manifest


@dataclass(frozen=True)
class FinishedModel:
    """A Model that can be used."""

    manifest: Manifest
    spec: ModelSpec
    artifacts: Artifacts
    trained_on: DatasetSource | None
    """None where its Dataset is gone."""
    labels: DatasetSource | None
    """The same, but None also where it is Invalid by now."""


class Lookup:
    """Finds what `entry` names; `missing` is what is said of what does not exist."""

    def __init__(self, resources: Resources, entry: BoardEntry, missing: str) -> None:
        self._resources = resources
        self._entry = entry
        self._missing = missing

    def find_finished(self, name: str) -> FinishedModel | blockers.Blocker:
        """Return a Model that can be used, or why it cannot be (yet)."""
        entry = self._find("Model", name)
        model = self._observe_model(entry) if entry is not None else None
        blocker = blockers.find_model_blocker(name, model, self._missing)
        if blocker is not None:
            return blocker
        assert entry is not None
        assert model is not None
        assert model.artifacts is not None
        dataset = self._find("Dataset", model.spec.dataset)
        trained_on = self.build_source(model.spec.dataset) if dataset is not None else None
        invalid = dataset is not None and self._observe_dataset(dataset).invalid
        labels = None if invalid else trained_on
        return FinishedModel(entry.manifest, model.spec, model.artifacts, trained_on, labels)

    def check_dataset(self, field: str, name: str, model: ModelSpec) -> blockers.Blocker | None:
        """Return why the Dataset that `field` names cannot be used with the Model (yet)."""
        found = self._find("Dataset", name)
        known = self._observe_dataset(found) if found is not None else None
        return blockers.find_dataset_blocker(field, name, known, model.task, self._missing)

    def build_source(self, name: str) -> DatasetSource:
        """Return a Dataset, ready to read; it is there."""
        found = self._find("Dataset", name)
        assert found is not None
        return build_source(found.target, self._observe_dataset(found).revision)

    def _observe_model(self, entry: BoardEntry) -> blockers.ObservedModel:
        spec, status = entry.manifest.spec, entry.status
        assert isinstance(spec, ModelSpec)
        assert isinstance(status, ModelStatus)
        return blockers.observe_model(entry.manifest.name, entry.target.uid, spec, status)

    def _observe_dataset(self, entry: BoardEntry) -> blockers.ObservedDataset:
        spec, status = entry.manifest.spec, entry.status
        assert isinstance(spec, DatasetSpec)
        assert isinstance(status, DatasetStatus)
        return blockers.observe_dataset(entry.manifest.name, spec, status, entry.generation)

    def _find(self, kind: str, name: str) -> BoardEntry | None:
        return self._resources.find(kind, self._entry.manifest.namespace, name)
