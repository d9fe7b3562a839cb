"""`python -m darkroom_operator --config PATH`: puts the parts together and runs them until one of them ends.

Owns the process: arguments, tasks, exit code. 0 after a signal; 1 when a part failed, so that the pod is restarted.
"""

import argparse
import logging
import os
import pathlib
import sys
from collections.abc import Sequence

import uvloop

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.config import ConfigError, OperatorConfig, read_config
from darkroom_operator.leadership.fence import LeaseTerms, TermsError
from darkroom_operator.logs import configure_logs
from darkroom_operator.runtime import Operator

logger = logging.getLogger("darkroom_operator")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the operator; returns the process exit code."""
    options = _parse(arguments)
    configure_logs(logging.DEBUG if options.verbose else logging.INFO)
    try:
        config = read_config(options.config)
        return uvloop.run(_run(config, options))
    except (ConfigError, ClusterError, TermsError) as error:
        logger.error(str(error))
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="darkroom_operator", description="Runs what Datasets, Models, Evaluations and Predictions ask for."
    )
    parser.add_argument("--config", type=pathlib.Path, required=True, help="YAML file with the configuration")
    parser.add_argument("--health-port", type=int, default=8081, help="port of /healthz and /readyz")
    parser.add_argument("--metrics-port", type=int, default=9090, help="port of /metrics")
    parser.add_argument("--kubeconfig", default=os.environ.get("KUBECONFIG"), help="in-cluster login when absent")
    parser.add_argument(
        "--lease", help="NAMESPACE/NAME of the Lease by which replicas elect a leader; none when absent"
    )
    parser.add_argument("--identity", help="name of this replica in the Lease; made of the host's name when absent")
    parser.add_argument(
        "--lease-seconds", type=int, default=15, help="after so long without renewal another takes over"
    )
    parser.add_argument("--renew-seconds", type=int, default=10, help="a leader stops after so long without renewal")
    parser.add_argument("--retry-seconds", type=int, default=2, help="pause between two tries")
    parser.add_argument("--verbose", action="store_true", help="log details")
    return parser.parse_args(arguments)


async def _run(config: OperatorConfig, options: argparse.Namespace) -> int:
    operator = await Operator.create(config, options.kubeconfig, _build_terms(options))
    try:
        return await operator.run(options.health_port, options.metrics_port)
    finally:
        await operator.close()


def _build_terms(options: argparse.Namespace) -> LeaseTerms | None:
    if not options.lease:
        return None
    namespace, _, name = options.lease.partition("/")
    identity = options.identity or f"{os.uname().nodename}-{os.urandom(4).hex()}"
    return LeaseTerms(namespace, name, identity, options.lease_seconds, options.renew_seconds, options.retry_seconds)


if __name__ == "__main__":
    sys.exit(main())
