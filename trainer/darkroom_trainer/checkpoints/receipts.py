"""The receipt of a published run: its Outcome, left beside the model.

Owns that one object. A process may be killed between publishing its model and saying so: the next attempt finds no
checkpoint any more, and without the receipt it would train once more and replace the model. Must not import torch.
"""

import logging
from typing import Final

from darkroom_api.report import Outcome, parse_outcome
from darkroom_api.run_config import RunConfig
from darkroom_storage.errors import StorageError
from darkroom_storage.objects import join_uri, open_storage
from darkroom_trainer.budget.meter import Meter

LOG = logging.getLogger(__name__)

NAME: Final = "outcome.json"


def leave_receipt(config: RunConfig, outcome: Outcome, meter: Meter) -> None:
    """Write what the run ends with, and what it was charged until now; without it the run is as good as before."""
    if config.output is None:
        return
    stored = outcome.model_copy(update={"meter": meter.to_report(config.budget_seconds)})
    uri = join_uri(config.output.uri, NAME)
    try:
        open_storage(config.output.storage).write_bytes(uri, stored.to_termination_message().encode())
    except StorageError as error:
        LOG.warning("no receipt was left: %s", error)


def find_receipt(config: RunConfig, meter: Meter) -> Outcome | None:
    """Return what an earlier attempt ended with, with the meter set to its charge; None where none has published."""
    if config.output is None or config.attempt == 1:
        return None
    uri = join_uri(config.output.uri, NAME)
    try:
        text = open_storage(config.output.storage).read_bytes(uri)
    except StorageError:
        return None
    outcome = parse_outcome(text.decode(errors="replace"))
    if outcome is not None:
        LOG.info("an earlier attempt has published the model", extra={"receipt": uri})
        meter.resume(outcome.meter.charged_seconds)
    return outcome
