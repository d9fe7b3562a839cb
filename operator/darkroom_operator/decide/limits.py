"""What the resources of a namespace may ask for, and what is said where they ask for more.

Owns the checks against the administrator's `limits`. How many runs have a Job is a fact; must not count Jobs or pods.
"""

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_api.durations import parse_duration
from darkroom_api.v1alpha1.common import Compute
from darkroom_api.v1alpha1.model import ModelSpec
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide.allocation import count_nodes


def check_model(spec: ModelSpec, namespace: str, config: OperatorConfig) -> Blocker | None:
    """Return the first field by which a Model asks for more than its namespace may have."""
    limits, budget, priority = config.find_limits(namespace), spec.budget, spec.priority_class_name
    if parse_duration(budget) > parse_duration(limits.max_budget):
        most = f"{limits.max_budget}, the most in namespace `{namespace}`"
        return _refuse(f"budget: {budget} is more than {most}; create the Model again with less")
    if priority is not None and not limits.allows_priority_class(priority):
        allowed = _list(limits.allowed_priority_classes)
        refused = f"PriorityClass `{priority}` is not allowed in namespace `{namespace}` (allowed: {allowed})"
        return _refuse(f"priorityClassName: {refused}; use an allowed one or remove the field")
    return check_compute(spec.compute, namespace, config)


def check_compute(compute: Compute | None, namespace: str, config: OperatorConfig) -> Blocker | None:
    """Return why a namespace may not have this class or so many devices."""
    limits = config.find_limits(namespace)
    name = (compute.class_name if compute else None) or config.default_compute_class
    devices, (nodes, _) = (compute.devices if compute else None) or 1, count_nodes(compute)
    if not limits.allows_compute_class(name):
        allowed = _list(tuple(known for known in sorted(config.compute_classes) if limits.allows_compute_class(known)))
        refused = f"compute class `{name}` is not allowed in namespace `{namespace}` (allowed: {allowed})"
        return _refuse(f"compute.class: {refused}; create the resource again with an allowed one")
    if nodes * devices > limits.max_devices:
        most = f"{limits.max_devices}, the most in namespace `{namespace}`"
        asked = f"compute.nodes: {nodes} with {devices} each" if nodes > 1 else f"compute.devices: {devices}"
        return _refuse(f"{asked} is more than {most}; create the resource again with fewer")
    return None


def find_full(others: int, namespace: str, config: OperatorConfig) -> Blocker | None:
    """Return what a run waits for where so many others of its namespace have a Job."""
    most = config.find_limits(namespace).max_running_runs
    if most is None or others < most:
        return None
    message = f"limits.maxRunningRuns: {others} runs of namespace `{namespace}` have a Job, and {most} may at once"
    return Blocker(Reason.WAITING_FOR_QUOTA, f"{message}; this one follows when another has ended.")


def _list(allowed: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in allowed) or "none"


def _refuse(message: str) -> Blocker:
    return Blocker(Reason.NOT_ALLOWED, f"{message}, or ask the administrator to allow it.")
