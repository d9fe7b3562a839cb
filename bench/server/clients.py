"""Clients that ask as fast as they are answered, each over a connection of its own, in a process of their own.

`python -m bench.server.clients PORT PATH CLIENTS REQUESTS` reads the image from standard input, and prints JSON.
"""

import http.client
import json
import statistics
import sys
import threading
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Load:
    """What the clients saw."""

    images_per_second: float
    p50_ms: float
    p99_ms: float
    failures: int


def drive(port: int, path: str, image: bytes, num_clients: int, num_requests: int) -> Load:
    """Return what `num_clients` see of `num_requests` in all."""
    seconds: list[float] = []
    failures: list[int] = []

    def ask(share: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(share):
            began = time.perf_counter()
            connection.request("POST", path, image, {"Content-Type": "application/octet-stream"})
            answer = connection.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - began)
            if answer.status != 200:
                failures.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=ask, args=(num_requests // num_clients,)) for _ in range(num_clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    cuts = statistics.quantiles(seconds, n=100)
    return Load(len(seconds) / elapsed, cuts[49] * 1000, cuts[98] * 1000, len(failures))


if __name__ == "__main__":
    given_port, given_path, clients, requests = sys.argv[1:]
    load = drive(int(given_port), given_path, sys.stdin.buffer.read(), int(clients), int(requests))
    print(json.dumps(asdict(load)))
