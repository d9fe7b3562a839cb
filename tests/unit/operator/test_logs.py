"""Where the operator's logs go, and which of kopf's lines are among them."""

import json
import logging
import subprocess
import sys

from darkroom_operator import logs


def log_something() -> None:
    """Log as the operator's process does; runs in a process of its own."""
    logs.configure_logs()
    logging.getLogger("darkroom_operator").info("leads")
    logging.getLogger("kopf.objects").info("event")
    logging.getLogger("kopf.objects").warning("lost")


def test_lines_go_to_standard_error_as_json_and_kopf_tells_no_event() -> None:
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True)
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["leads", "lost"]
    assert done.stdout == ""


if __name__ == "__main__":
    log_something()
