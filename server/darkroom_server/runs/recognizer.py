"""One attempt at a run: its Model is looked up, looks at the image, and how the run ends by that.

Must not write anything, or know HTTP routes.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final

from darkroom_server.backends.backend import Backend, Stored
from darkroom_server.config import RunLimits
from darkroom_server.prediction.failures import PredictionFailure
from darkroom_server.prediction.loaded import LoadedModels
from darkroom_server.prediction.looking import look
from darkroom_server.resources.outcomes import RunError
from darkroom_server.runs import endings
from darkroom_server.runs.product_models import BUILT_IN, find_product_model
from darkroom_server.runs.recognition import build_result
from darkroom_server.runs.record import RunRecord

LOGGER: Final = logging.getLogger("darkroom_server.runs")


@dataclass(frozen=True)
class Ending:
    """A result or an error, with the status by which it is counted and the Model where there is one."""

    status: int
    model: Stored | None
    result: dict[str, Any] | None = None
    error: RunError | None = None


class Recognizer:
    """Answers for callers who hold a place in the queue."""

    def __init__(self, backend: Backend, models: LoadedModels, limits: RunLimits) -> None:
        self._backend, self._models, self._limits = backend, models, limits

    async def find_model(self, namespace: str, name: str) -> Stored:
        """Return the Model behind a name in a path; raises a PredictionFailure."""
        return await find_product_model(self._backend, namespace, name, self._limits)

    async def answer(self, record: RunRecord, image: bytes) -> Ending | None:
        """Return how a run ends; None where another attempt may mend what went wrong."""
        model = None
        try:
            model = await self.find_model(record.namespace, record.model)
            seen = await self._models.compute_in_place(
                record.namespace, model, lambda predictor: look(predictor, image)
            )
            return Ending(200, model, build_result(seen, is_named=record.model != BUILT_IN))
        except PredictionFailure as failure:
            described = endings.describe_failure(failure)
            if described is None:
                LOGGER.warning("run %s/%s of %s is tried again: %s", record.namespace, record.name, record.id, failure)
                return None
            return Ending(described[1], model, error=described[0])
        except Exception:
            LOGGER.exception("run %s/%s of Model %s", record.namespace, record.name, record.model)
            return Ending(500, model, error=endings.describe_defect())
