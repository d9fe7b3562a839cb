"""How each way of not ending well becomes an Outcome.

Owns the reason and the message of a run that an exception ended. The only place where an unexpected exception becomes
the reason Unknown. Must not catch anything.
"""

import logging
import pathlib
import traceback

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome
from darkroom_api.run_config import Command
from darkroom_predict.errors import ModelUnusable
from darkroom_storage import disk
from darkroom_storage.errors import StorageMisconfigured
from darkroom_trainer.runtime import errors, stopping

LOG = logging.getLogger(__name__)


def build_outcome(command: Command, error: Exception, work: pathlib.Path) -> Outcome:
    """Return how a run ended that `error` ended, and log it; `work` is where its files lie."""
    match error:
        case stopping.RunStopped():
            return Outcome(command=command, reason=Reason.RETRYING_AFTER_DISRUPTION, message=str(error))
        case errors.RunError():
            LOG.warning("ended with %s: %s", error.reason, error.message)
            return Outcome(command=command, reason=error.reason, message=error.message[:1024], summary=error.summary)
        case ModelUnusable() | StorageMisconfigured():
            LOG.warning("ended with %s: %s", Reason.INVALID_CONFIGURATION, error)
            return Outcome(command=command, reason=Reason.INVALID_CONFIGURATION, message=str(error)[:1024])
    LOG.error("unexpected failure", exc_info=error)
    if disk.is_full(error):
        return Outcome(command=command, reason=Reason.INVALID_CONFIGURATION, message=disk.describe(work))
    return Outcome(command=command, reason=Reason.UNKNOWN, message=describe_failure(error))


def describe_failure(error: Exception) -> str:
    """Return the type, message and place of an unexpected exception."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({pathlib.Path(last[0].filename).name}:{last[0].lineno} in {last[0].name})" if last else ""
    return f"{type(error).__name__}: {error}"[:800] + place
