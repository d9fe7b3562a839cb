"""How a run tells the outside what it is doing: progress for people and the operator, gauges for Prometheus.

Owns the report port (`/status`, `/metrics`) and every Prometheus series of the trainer; the only module that imports
prometheus_client. Must not decide anything: losing a report loses a percentage and nothing else.
"""

import http.server
import threading
from dataclasses import dataclass
from typing import Final, Protocol

import prometheus_client

from darkroom_api import names
from darkroom_api.report import Meter, Progress

CHARGED_SECONDS: Final = prometheus_client.Gauge(
    "darkroom_trainer_charged_seconds", "Kept work so far, in reference-device seconds, over all attempts."
)
PROGRESS_PERCENT: Final = prometheus_client.Gauge(
    "darkroom_trainer_progress_percent", "Share of the work that is done."
)
LOSS: Final = prometheus_client.Gauge("darkroom_trainer_loss", "Training loss, mean over the last steps.")
IMAGES_PROCESSED: Final = prometheus_client.Counter(
    "darkroom_trainer_images_processed", "Images that passed through the model, with repetitions.", ["stage"]
)
CHECKPOINTS: Final = prometheus_client.Counter("darkroom_trainer_checkpoints", "Checkpoints written.")


@dataclass(frozen=True)
class JoinedNodes:
    """How many nodes have joined a run of several, that of index 0 among them; `is_waiting` where that is too few."""

    count: int
    is_waiting: bool = False


class Reporter(Protocol):
    """Takes the progress of a run. `charged_seconds` are reference-device seconds, `eta_seconds` wall-clock ones.

    `nodes` is told by a run of several.
    """

    def update(
        self,
        *,
        percent: int,
        stage: str,
        trial: int | None = None,
        eta_seconds: int | None = None,
        charged_seconds: float | None = None,
        nodes: JoinedNodes | None = None,
    ) -> None:
        """Take the newest progress; cheap, and never raises because nobody listens."""


class SilentReporter:
    """Keeps nothing; for tests and for callers that show no progress."""

    def update(
        self,
        *,
        percent: int,
        stage: str,
        trial: int | None = None,
        eta_seconds: int | None = None,
        charged_seconds: float | None = None,
        nodes: JoinedNodes | None = None,
    ) -> None:
        """Do nothing."""


class HttpReporter:
    """Serves the newest Progress and the gauges on `port` (0 picks a free one) until `close`."""

    def __init__(self, port: int = names.REPORT_PORT, *, devices: int = 1, milli_rate: int = 1000) -> None:
        self._meter = Meter(devices=devices, milli_rate=milli_rate)
        self._nodes: JoinedNodes | None = None
        self._progress = Progress(meter=self._meter)
        self._server = http.server.ThreadingHTTPServer(("", port), _build_handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="report-port", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port that answers."""
        return self._server.server_address[1]

    @property
    def progress(self) -> Progress:
        """Return what `/status` answers now."""
        return self._progress

    def update(
        self,
        *,
        percent: int,
        stage: str,
        trial: int | None = None,
        eta_seconds: int | None = None,
        charged_seconds: float | None = None,
        nodes: JoinedNodes | None = None,
    ) -> None:
        """Publish the newest progress; absent `charged_seconds` and `nodes` leave the last ones standing."""
        self._nodes = nodes or self._nodes
        if charged_seconds is not None:
            self._meter = self._meter.model_copy(update={"charged_seconds": round(charged_seconds, 1)})
        self._progress = Progress(
            percent=max(0, min(100, percent)),
            stage=stage[:64],
            trial=trial,
            eta_seconds=eta_seconds,
            nodes=self._nodes.count if self._nodes else None,
            waits_for_nodes=self._nodes is not None and self._nodes.is_waiting,
            meter=self._meter,
        )
        PROGRESS_PERCENT.set(self._progress.percent)
        CHARGED_SECONDS.set(self._meter.charged_seconds)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _build_handler(reporter: HttpReporter) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10
        """Seconds that a silent peer may hold a thread."""

        def do_GET(self) -> None:
            if self.path == names.STATUS_PATH:
                body = reporter.progress.model_dump_json(by_alias=True, exclude_none=True)
                self._answer(200, "application/json", body.encode())
            elif self.path == names.METRICS_PATH:
                self._answer(200, prometheus_client.CONTENT_TYPE_LATEST, prometheus_client.generate_latest())
            else:
                self._answer(404, "text/plain", f"only {names.STATUS_PATH} and {names.METRICS_PATH}\n".encode())

        def _answer(self, code: int, content_type: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet: a poll every 10 s would drown the run's own log."""

    return Handler
