"""The Job of one attempt: it runs once, is owned by the resource, and is found by its labels.

Owns names, labels and owner references of children.
"""

import hashlib
import json
from typing import Final

from darkroom_api import names
from darkroom_operator.api import kueue
from darkroom_operator.api.resources import Json
from darkroom_operator.config import OperatorConfig
from darkroom_operator.facts.reading import ANNOTATION_POD_DIGEST
from darkroom_operator.manifests.pod import ANNOTATION_RUN_CONFIG, build_pod_metadata, build_pod_spec
from darkroom_operator.manifests.run_config import Plan

ANNOTATION_GENERATION: Final = f"{names.GROUP}/generation"
"""On every Job: the generation of the owner's spec that it was built from."""
ANNOTATION_ALLOCATION: Final = f"{names.GROUP}/allocation"
"""On the Jobs of runs: what the attempt was given, which no later change of a compute class changes."""
ANNOTATION_PUBLISH_ONLY: Final = f"{names.GROUP}/publish-only"
"""`true` on the Job that publishes the best model of a cancelled run."""


def build_job(plan: Plan, config: OperatorConfig) -> Json:
    """Return the Job's manifest."""
    run, owner = plan.run, plan.run.resource
    told = run.model_dump_json(by_alias=True, exclude_none=True)
    digest = f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"
    labels, pod = build_labels(plan), build_pod_spec(plan, config)
    carried = build_pod_metadata(plan, config)
    annotations = {names.ANNOTATION_CONFIG_DIGEST: digest, ANNOTATION_POD_DIGEST: _digest_asked(plan, pod, carried)}
    annotations |= _allow_fewer(plan)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": names.child_name(owner.name, owner.uid, run.attempt),
            "namespace": owner.namespace,
            "labels": {**labels, **({kueue.LABEL_QUEUE: plan.queue} if plan.queue else {})},
            "annotations": {**annotations, **_build_record(plan)},
            "ownerReferences": [build_owner_reference(plan)],
        },
        "spec": {
            **_build_course(plan),
            "podReplacementPolicy": "Failed",
            "ttlSecondsAfterFinished": config.job_ttl_seconds,
            "template": {
                "metadata": {
                    "labels": {**carried["labels"], **labels},
                    "annotations": {**carried["annotations"], ANNOTATION_RUN_CONFIG: told},
                },
                "spec": pod,
            },
        },
    }


def _build_course(plan: Plan) -> Json:
    """Return how many pods the Job has, and how it ends: with the only one, or with that of index 0.

    None is replaced. Of several pods, a lost one ends nothing but its own index; that of index 0 is told by the Job's
    `failedIndexes`, or ends the Job where it succeeds.
    """
    order = plan.run.nodes
    if order is None:
        return {"backoffLimit": 0, "completions": 1, "parallelism": 1}
    return {
        "completionMode": "Indexed",
        "completions": order.count,
        "parallelism": order.count,
        "backoffLimitPerIndex": 0,
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
    }


def _allow_fewer(plan: Plan) -> dict[str, str]:
    """Return what lets a queue admit fewer pods where there is room for no more."""
    order = plan.run.nodes
    if plan.queue is None or order is None or order.least >= order.count:
        return {}
    return {kueue.ANNOTATION_MIN_PARALLELISM: str(order.least), kueue.ANNOTATION_EQUAL_COMPLETIONS: "true"}


def _digest_asked(plan: Plan, pod: Json, carried: Json) -> str:
    """Return a digest of all that a pod needs to start; its deadline depends on when it is built."""
    asked = {**pod, **carried, "activeDeadlineSeconds": None, "queue": plan.queue}
    if plan.run.nodes is not None:
        asked["nodes"] = [plan.run.nodes.count, plan.run.nodes.least]
    return f"sha256:{hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()}"


def _build_record(plan: Plan) -> dict[str, str]:
    """Return what people look for at a Job, and what the previous version of the operator reads there.

    This version reads none of it: whoever may edit Jobs may write it.
    """
    record = {ANNOTATION_GENERATION: str(plan.generation)}
    if plan.allocation is not None:
        record[ANNOTATION_ALLOCATION] = plan.allocation.model_dump_json(by_alias=True, exclude_none=True)
    if plan.run.publish_only:
        record[ANNOTATION_PUBLISH_ONLY] = "true"
    return record


def build_labels(plan: Plan) -> dict[str, str]:
    """Return the labels of the Job and its pod."""
    owner = plan.run.resource
    return {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_KIND: owner.kind,
        names.LABEL_NAME: names.label_value(owner.name),
        names.LABEL_UID: owner.uid,
        names.LABEL_ATTEMPT: str(plan.run.attempt),
    }


def build_owner_reference(plan: Plan) -> Json:
    """Return the reference by which Kubernetes deletes the Job with its owner; it never blocks that deletion."""
    owner = plan.run.resource
    return {
        "apiVersion": names.API_VERSION,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
