"""Room for the bodies and images of all requests at work: what waits for a thread holds its image.

Must not hold any itself. Belongs to one event loop.
"""

from darkroom_server.http.problems import Problem


class Room:
    """Bytes that are still free."""

    def __init__(self, num_bytes: int) -> None:
        self._free_bytes = num_bytes

    def take(self, num_bytes: int) -> None:
        """Take so many bytes; raises the Problem of a server that holds enough already."""
        if num_bytes > self._free_bytes:
            held = "the server holds as many bytes of other requests as it may; try again in a second"
            raise Problem(429, "TooManyRequests", held, retry_after_seconds=1)
        self._free_bytes -= num_bytes

    def give_back(self, num_bytes: int) -> None:
        """Let others have so many bytes."""
        self._free_bytes += num_bytes
