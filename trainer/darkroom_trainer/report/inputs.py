"""What a report is made of.

Owns these forms. Must not read files, and must not import torch.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from darkroom_api.v1alpha1.common import StopReason
from darkroom_predict.description import ModelDescription
from darkroom_trainer.data.inspection.examination import Examination
from darkroom_trainer.data.records.catalog import CatalogImage
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.data.records.findings import Advice
from darkroom_trainer.export.results import Measured


def has_always_time() -> bool:
    """Return True: nothing waits for the report."""
    return True


@dataclass(frozen=True)
class ReportInputs:
    """A finished Model or Evaluation.

    `metrics` is the content of metrics.json. `training` is the data that was learned from, None for an Evaluation;
    `advice` is what inspections found, where it is more than what came with that data. A probable label error is a
    dict of `subject`, `imageId`, `file`, `given`, `suggested` and `confidence`; `parity` is the record of ONNX against
    torch. `has_time` is asked before each picture.
    """

    name: str
    model: ModelDescription
    metrics: dict[str, Any]
    measured: Measured | None = None
    training: LoadedDataset | None = None
    advice: Sequence[Advice] = ()
    label_errors: Sequence[dict[str, Any]] = ()
    parity: dict[str, Any] | None = None
    stop_reason: StopReason | None = None
    note: str = ""
    has_time: Callable[[], bool] = field(default=has_always_time)
    clock: Callable[[], float] = field(default=time.monotonic)

    @property
    def all_advice(self) -> Sequence[Advice]:
        """Return the advice, else what came with the data that is reported on."""
        data = self.training or (self.measured.dataset if self.measured else None)
        return self.advice or (data.advice if data else ())

    @property
    def final_stop_reason(self) -> StopReason | None:
        """Return why the training stopped, else what metrics.json says of it."""
        stored = self.metrics.get("stopReason")
        return self.stop_reason or (StopReason(stored) if stored else None)


@dataclass(frozen=True)
class InspectionInputs:
    """An inspected Dataset. `read_image` returns the bytes of an image; it is None where pictures are not wanted."""

    examination: Examination
    read_image: Callable[[CatalogImage], bytes] | None = None
    has_time: Callable[[], bool] = field(default=has_always_time)
