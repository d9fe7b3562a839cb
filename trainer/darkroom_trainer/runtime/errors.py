"""How a run ends for a reason that its user can act on.

Owns the exceptions of the trainer. Must not do: anything but name what went wrong.
"""

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.dataset import DatasetSummary


class RunError(Exception):
    """A run that cannot continue for a known reason; the engine turns it into an Outcome."""

    def __init__(self, reason: Reason, message: str, summary: DatasetSummary | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.summary = summary
