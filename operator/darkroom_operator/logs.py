"""Where the operator's logs go: standard error, one JSON object a line. Must not decide what is logged."""

import logging

from darkroom_api.json_logs import JsonFormatter


def configure_logs(level: int = logging.INFO) -> None:
    """Send all logs to standard error as JSON; kopf tells its own at WARNING and above, since it logs every event."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
