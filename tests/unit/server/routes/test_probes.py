"""What the kubelet and Prometheus are told."""

import pytest

from darkroom_server.metrics import ServerMetrics
from darkroom_server.routes.probes import READY, build_probes
from tests.support.server.running import running, send


@pytest.mark.parametrize(("state", "status"), [(READY, 200), ("it was told to stop", 503)])
def test_readiness_tells_the_state_and_liveness_does_not_depend_on_it(state: str, status: int) -> None:
    with running(build_probes(ServerMetrics(), lambda: state)) as address:
        ready = send(address, "/readyz")
        assert (ready.status, ready.body.decode()) == (status, state)
        assert send(address, "/healthz").status == 200
        assert b"darkroom_loaded_models" in send(address, "/metrics").body
