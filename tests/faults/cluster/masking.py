"""What a lifecycle left behind, without what differs from one run to the next.

Times, uids, digests of them and the object's name are masked by rule; whatever else two undisturbed runs disagree on
is masked by comparing them.
"""

import json
import re
from typing import Any, Final

from darkroom_operator.api.resources import JOBS
from tests.faults.cluster.driver import Driver

_MASKS: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "<digest>"),
)
ANY: Final = "<differs>"


def describe_end(driver: Driver) -> dict[str, Any]:
    """Return the end state: the status, the Jobs that are left, and how often each was created."""
    added = driver.sandbox.mirror.count_added(JOBS, driver.sandbox.namespace, driver.name)
    jobs = {job["metadata"]["name"]: _describe_job(job) for job in driver.jobs()}
    text = json.dumps({"status": driver.status, "jobs": jobs, "created": added}, sort_keys=True)
    text = text.replace(f'"{driver.sandbox.namespace}"', '"<namespace>"')
    text = text.replace(f'\\"{driver.sandbox.namespace}\\"', '\\"<namespace>\\"')
    if driver.uid:
        prefix = driver.job_name(0).removesuffix("-0")
        text = text.replace(prefix, "<child>")
    text = text.replace(driver.name, "<name>")
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    described: dict[str, Any] = json.loads(text)
    return described


def _describe_job(job: dict[str, Any]) -> dict[str, Any]:
    metadata = job["metadata"]
    return {
        "labels": metadata.get("labels"),
        "annotations": metadata.get("annotations"),
        "owners": metadata.get("ownerReferences"),
        "spec": job["spec"],
    }


def mask_differences(one: Any, other: Any) -> Any:
    """Return `one` with everything that differs from `other` masked."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: mask_differences(one.get(key), other.get(key)) for key in sorted({*one, *other})}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [mask_differences(left, right) for left, right in zip(one, other, strict=True)]
    return one if one == other else ANY


def find_differences(reference: Any, seen: Any, path: str = "") -> list[str]:
    """Return where `seen` is not as the masked `reference` says."""
    if reference in (ANY, seen):
        return []
    if isinstance(reference, dict) and isinstance(seen, dict):
        keys = sorted({*reference, *seen})
        return [found for key in keys for found in find_differences(reference.get(key), seen.get(key), f"{path}.{key}")]
    if isinstance(reference, list) and isinstance(seen, list) and len(reference) == len(seen):
        pairs = enumerate(zip(reference, seen, strict=True))
        return [found for place, (a, b) in pairs for found in find_differences(a, b, f"{path}[{place}]")]
    return [f"{path}: {seen!r} instead of {reference!r}"]
