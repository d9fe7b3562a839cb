"""The server of one model that KServe has mounted; whoever reaches it may call, since a gateway is before it."""

import pathlib

from darkroom_server.auth.gateway import GatewayAdmission
from darkroom_server.backends.one_model import NAMESPACE, OneModel, open_model
from darkroom_server.config_file import ConfigFile, PredictionSection
from darkroom_server.metrics import ServerMetrics
from darkroom_server.running.process import Terms, run_process


async def run_kserve_runtime(folder: pathlib.Path, name: str, threads: int, terms: Terms) -> None:
    """Run until the process is told to stop; raises ModelUnusable."""
    backend = OneModel(open_model(folder, name))
    config = ConfigFile(prediction=PredictionSection(threads=threads))
    await run_process(backend, GatewayAdmission(NAMESPACE), config.limits, ServerMetrics(), terms)
