"""Server processes as the pods of a Deployment: started, killed, told to stop, and in or out of the Service.

Owns the processes and when a replica counts as ready. Must not decide when anything happens to one.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.clusters.ports import find_free_port
from bench.server_soak.balancer import Balancer

START_SECONDS: Final = 180.0
END_SECONDS: Final = 60.0
NOTICE_SECONDS: Final = 1.0
"""For so long a replica that has ended, or was told to, still gets new connections: kubelet and kube-proxy take it."""
LINGER_SECONDS: Final = 5
"""The chart's own, and the server's."""


@dataclass
class Replica:
    """One life of one of the two."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    probe_port: int
    memory_mib: list[tuple[float, float]] = field(default_factory=list)
    """Pairs of a time and the resident memory then."""

    @property
    def is_ready(self) -> bool:
        """Return what its readiness probe says."""
        url = f"http://127.0.0.1:{self.probe_port}/readyz"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return True
        return False

    def measure(self) -> None:
        """Note the resident memory, where there still is one."""
        with contextlib.suppress(OSError, IndexError):
            fields = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().split("VmRSS:")[1].split()
            self.memory_mib.append((time.monotonic(), int(fields[0]) / 1024))


class Replicas:
    """The replicas behind one balancer."""

    def __init__(self, balancer: Balancer, command: Sequence[str], log: pathlib.Path) -> None:
        self._balancer, self._command, self._log = balancer, command, log
        self.alive: dict[str, Replica] = {}
        self.lives: list[Replica] = []
        self.kills: dict[str, float] = {}
        """When each life ended that was killed."""
        self.late: list[str] = []
        """Lives that had not ended END_SECONDS after they were told to."""

    def start(self, slot: str) -> None:
        """Start a replica in a slot; it is in the Service once it is ready."""
        number = sum(life.name.startswith(slot) for life in self.lives) + 1
        port, probe_port = find_free_port(), find_free_port()
        ports = ["--port", str(port), "--probe-port", str(probe_port), "--linger-seconds", str(LINGER_SECONDS)]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "darkroom_server", *self._command, *ports], stdout=log, stderr=log
            )
        self.alive[slot] = Replica(f"{slot}{number}", process, port, probe_port)
        self.lives.append(self.alive[slot])

    def look(self) -> bool:
        """Take replicas that have become ready into the Service; returns whether all are."""
        for replica in self.alive.values():
            if replica.name not in self._balancer.ready and replica.is_ready:
                self._balancer.ready = {**self._balancer.ready, replica.name: replica.port}
            replica.measure()
        return all(replica.name in self._balancer.ready for replica in self.alive.values())

    def await_all(self) -> None:
        """Wait until all are ready; raises TimeoutError."""
        ends_at = time.monotonic() + START_SECONDS
        while not self.look():
            if time.monotonic() > ends_at:
                raise TimeoutError(f"a replica is not ready after {START_SECONDS:.0f} s; see {self._log}")
            time.sleep(0.1)

    def kill(self, slot: str) -> None:
        """Kill a replica as a node would that runs out of memory, and start the next one."""
        replica = self.alive[slot]
        self.kills[replica.name] = time.monotonic()
        replica.process.kill()
        self._leave(replica)
        replica.process.wait()
        self.start(slot)

    def stop(self, slot: str) -> None:
        """Tell a replica to stop, as a drained node does, and start the next one."""
        replica = self.alive[slot]
        replica.process.send_signal(signal.SIGTERM)
        self._leave(replica)
        threading.Thread(target=self._await_end, args=(replica,), daemon=True).start()
        self.start(slot)

    def _leave(self, replica: Replica) -> None:
        def leave() -> None:
            self._balancer.ready = {name: port for name, port in self._balancer.ready.items() if name != replica.name}

        threading.Timer(NOTICE_SECONDS, leave).start()

    def _await_end(self, replica: Replica) -> None:
        try:
            replica.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.late.append(replica.name)

    def end(self) -> None:
        """End all that still run."""
        for life in self.lives:
            if life.process.poll() is None:
                os.kill(life.process.pid, signal.SIGKILL)
                life.process.wait()
