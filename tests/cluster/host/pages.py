"""Pages that pods and servers of the cluster answer with, over HTTP."""

import urllib.error
import urllib.request


def read_page(address: str) -> tuple[int, str]:
    """Return status and body of a page; (0, why) when nothing answers."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)
