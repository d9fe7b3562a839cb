"""The trainer's pod: one container under the `restricted` Pod Security level, with no API token.

Owns security settings, volumes and resources. The run configuration travels as an annotation of the pod, which the
downward API mounts as a file: Job and configuration are then created by one write, cannot be torn apart by a crash
between two, and leave nothing behind when the Job goes. Annotations hold 256 KiB; ten annotation files and twenty
mappings at their longest stay below that for two Datasets.
"""

from typing import Final

from darkroom_api import names
from darkroom_api.run_config import RunConfig, StorageRole
from darkroom_api.v1alpha1.common import Storage
from darkroom_operator.api import kueue
from darkroom_operator.api.resources import Json
from darkroom_operator.config import OperatorConfig
from darkroom_operator.manifests.run_config import Plan, find_claim

ANNOTATION_RUN_CONFIG: Final = f"{names.GROUP}/run-config"
ANNOTATION_AUTHORITIES: Final = f"{names.GROUP}/certificate-authorities"
LONGEST_START_SECONDS: Final = 7 * 24 * 3600
"""What a node gets to fetch an image and start a container where the start timeout is 0: a deadline must be finite."""
TMP_SIZE: Final = "1Gi"
INSPECTION_WORK_SIZE: Final = "10Gi"
INSPECTION_SHARED_MEMORY: Final = "64Mi"
_UNITS: Final = {"m": 0.001, "": 1.0}


def build_pod_spec(plan: Plan, config: OperatorConfig) -> Json:
    """Return the pod's spec."""
    trainer = config.trainer
    spec: Json = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": find_deadline(plan, config),
        "terminationGracePeriodSeconds": config.grace_seconds,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "serviceAccountName": _find_service_account(plan) or "default",
        "securityContext": _build_pod_security(trainer.run_as_user),
        "nodeSelector": {**trainer.node_selector, **(plan.compute.node_selector if plan.compute else {})},
        "tolerations": list(plan.compute.tolerations) if plan.compute else [],
        "imagePullSecrets": [{"name": name} for name in trainer.image_pull_secrets],
        "containers": [_build_container(plan, config)],
        "volumes": _build_volumes(plan, config),
    }
    if plan.priority_class_name:
        spec["priorityClassName"] = plan.priority_class_name
    runtime = (plan.compute.runtime_class_name if plan.compute else None) or trainer.runtime_class_name
    if runtime is not None:
        spec["runtimeClassName"] = runtime
    if plan.run.nodes is not None:
        spec["subdomain"] = names.nodes_service(plan.run.resource.uid, plan.run.attempt)
    if plan.compute is not None and plan.compute.scheduler_name is not None:
        spec["schedulerName"] = plan.compute.scheduler_name
    return {key: value for key, value in spec.items() if value not in ({}, [])}


def build_pod_metadata(plan: Plan, config: OperatorConfig) -> Json:
    """Return the labels and annotations of a pod that the installation sets; those of its class count first."""
    trainer, compute = config.trainer, plan.compute
    annotations = {**trainer.pod_annotations, **(compute.pod_annotations if compute else {})}
    if compute is not None and compute.topology.required is not None:
        annotations[kueue.ANNOTATION_REQUIRED_TOPOLOGY] = compute.topology.required
    if compute is not None and compute.topology.preferred is not None:
        annotations[kueue.ANNOTATION_PREFERRED_TOPOLOGY] = compute.topology.preferred
    if trainer.certificate_authorities is not None:
        annotations[ANNOTATION_AUTHORITIES] = trainer.certificate_authorities
    return {"labels": {**trainer.pod_labels, **(compute.pod_labels if compute else {})}, "annotations": annotations}


def find_deadline(plan: Plan, config: OperatorConfig) -> int:
    """Return the pod's `activeDeadlineSeconds`, the last ring: it counts from the kubelet's first sight of the pod."""
    return plan.deadline_seconds + (config.start_timeout_seconds or LONGEST_START_SECONDS)


def _build_container(plan: Plan, config: OperatorConfig) -> Json:
    return {
        "name": names.CONTAINER,
        "image": config.trainer.image,
        "imagePullPolicy": config.trainer.image_pull_policy,
        "args": [plan.run.command.value, "--config", f"{names.CONFIG_DIR}/{names.CONFIG_FILE}"],
        "env": _build_environment(plan, config),
        "ports": [{"name": "report", "containerPort": names.REPORT_PORT}],
        "resources": _build_resources(plan, config),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": names.TERMINATION_LOG,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _build_mounts(plan, config),
    }


def _build_environment(plan: Plan, config: OperatorConfig) -> list[Json]:
    """Numeric libraries start a thread per core of the node, whatever the pod may use, unless told."""
    cpu = plan.compute.cpu if plan.compute else config.inspection.cpu
    environment = {"HOME": names.WORK_DIR, "OMP_NUM_THREADS": str(count_cores(cpu))}
    if config.trainer.certificate_authorities is not None:
        environment[names.AUTHORITIES_VARIABLE] = f"{names.CONFIG_DIR}/{names.AUTHORITIES_FILE}"
    return [{"name": name, "value": value} for name, value in environment.items()]


def count_cores(cpu: str) -> int:
    """Return the whole cores of a CPU quantity such as `500m` or `2`, at least one."""
    number, unit = (cpu[:-1], "m") if cpu.endswith("m") else (cpu, "")
    return max(1, int(float(number) * _UNITS[unit]))


def _build_resources(plan: Plan, config: OperatorConfig) -> Json:
    if plan.compute is None:
        small = config.inspection
        shape = {"cpu": small.cpu, "memory": small.memory}
        return {"requests": {**shape, "cpu": small.cpu_request or small.cpu}, "limits": shape}
    compute = plan.compute
    shape = {"cpu": compute.cpu, "memory": compute.memory, "ephemeral-storage": compute.ephemeral_storage}
    if compute.resource_name is not None:
        shape[compute.resource_name] = str(plan.allocation.devices if plan.allocation else 1)
    return {"requests": {**shape, "cpu": compute.cpu_request or compute.cpu}, "limits": shape}


def _build_pod_security(user: int | None) -> Json:
    ids = {"runAsUser": user, "runAsGroup": user, "fsGroup": user} if user is not None else {}
    return {
        "runAsNonRoot": True,
        **ids,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _build_volumes(plan: Plan, config: OperatorConfig) -> list[Json]:
    compute = plan.compute
    work = compute.ephemeral_storage if compute else INSPECTION_WORK_SIZE
    shared = compute.shared_memory if compute else INSPECTION_SHARED_MEMORY
    files = {names.CONFIG_FILE: ANNOTATION_RUN_CONFIG}
    if config.trainer.certificate_authorities is not None:
        files[names.AUTHORITIES_FILE] = ANNOTATION_AUTHORITIES
    items = [
        {"path": path, "fieldRef": {"fieldPath": f"metadata.annotations['{annotation}']"}}
        for path, annotation in files.items()
    ]
    volumes: list[Json] = [
        {"name": "config", "downwardAPI": {"items": items}},
        {"name": "work", "emptyDir": {"sizeLimit": work}},
        {"name": "tmp", "emptyDir": {"sizeLimit": TMP_SIZE}},
        {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": shared}},
    ]
    # Where the platform gives the ids, the container's group need not be that of the files.
    mode = 0o440 if config.trainer.run_as_user is not None else 0o444
    volumes += [_build_credentials(plan, role, secret, mode) for role, secret in _find_secrets(plan)]
    # `readOnly` here, too: for a volume that is mounted to be written, the kubelet gives its files to `fsGroup`.
    volumes += [
        {"name": volume, "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
        for claim, volume in _name_claims(plan, config).items()
    ]
    if plan.run.nodes is not None:
        volumes.append(_build_nodes_volume(plan, mode))
    return volumes


def _build_nodes_volume(plan: Plan, mode: int) -> Json:
    """Return the volume with the certificate by which the pods of the run know each other."""
    secret = names.nodes_secret(plan.run.resource.name, plan.run.resource.uid)
    items = [{"key": key, "path": key} for key in (names.NODES_CERTIFICATE, names.NODES_KEY)]
    sources = [{"secret": {"name": secret, "items": items}}]
    return {"name": names.NODES_VOLUME, "projected": {"sources": sources, "defaultMode": mode}}


def _build_credentials(plan: Plan, role: StorageRole, secret: str, mode: int) -> Json:
    """Return the volume with the keys of a Secret that a trainer knows, and no other of it.

    A source's `optional` is about the Secret and its keys alike (k8s pkg/volume/projected), so that what has to be
    there is a source of its own: the kubelet then waits for it and says what is missing.
    """
    required = names.KEY_PAIR if _reads_s3(plan, role) else ()
    optional = tuple(key for key in names.SECRET_KEYS if key not in required)
    sources = [
        {"secret": {"name": secret, "items": [{"key": key, "path": key} for key in keys], "optional": keys is optional}}
        for keys in (required, optional)
        if keys
    ]
    return {"name": _name_volume(role), "projected": {"sources": sources, "defaultMode": mode}}


def _reads_s3(plan: Plan, role: StorageRole) -> bool:
    """Return whether a role needs the key pair for certain; a container or https may need a token only, or nothing."""
    return any(uri.startswith("s3://") for uri in _find_uris(plan.run, role))


def _find_uris(run: RunConfig, role: StorageRole) -> tuple[str, ...]:
    """Return where a run reads or writes in a role."""
    source = {StorageRole.DATASET: run.dataset, StorageRole.EVALUATION: run.evaluation_dataset}.get(role)
    if source is not None:
        return (*source.annotation_files, source.image_root or "", *(m.to_prefix for m in source.url_mappings))
    images = run.prediction.images if run.prediction is not None else None
    locations = {
        StorageRole.IMAGES: images,
        StorageRole.MODEL: run.model,
        StorageRole.OUTPUT: run.output,
        StorageRole.WEIGHTS: run.weights.location,
    }
    place = locations.get(role)
    return (place.uri,) if place is not None else ()


def _build_mounts(plan: Plan, config: OperatorConfig) -> list[Json]:
    mounts: list[Json] = [
        {"name": "config", "mountPath": names.CONFIG_DIR, "readOnly": True},
        {"name": "work", "mountPath": names.WORK_DIR},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # the container's own, an emptyDir
        {"name": "shared-memory", "mountPath": "/dev/shm"},  # noqa: S108  # where torch's loaders share tensors
    ]
    mounts += [
        {"name": _name_volume(role), "mountPath": f"{names.CREDENTIALS_DIR}/{role.value}", "readOnly": True}
        for role, _ in _find_secrets(plan)
    ]
    volumes = _name_claims(plan, config)
    mounts += [
        {"name": volumes[claim], "mountPath": f"{names.VOLUMES_DIR}/{role.value}", "readOnly": True}
        for role, claim in _find_claims(plan)
    ]
    if config.trainer.weights_claim is not None:
        mounts.append({"name": volumes[config.trainer.weights_claim], "mountPath": names.WEIGHTS_DIR, "readOnly": True})
    if plan.run.nodes is not None:
        mounts.append({"name": names.NODES_VOLUME, "mountPath": plan.run.nodes.credentials_dir, "readOnly": True})
    return mounts


def _name_claims(plan: Plan, config: OperatorConfig) -> dict[str, str]:
    """Return the name of the volume for each claim: one for all that read it, since some kubelets hang at a second."""
    weights = config.trainer.weights_claim
    found = {} if weights is None else {weights: names.WEIGHTS_VOLUME}
    for role, claim in _find_claims(plan):
        found.setdefault(claim, f"{names.CLAIM_VOLUME}{role.value}")
    return found


def _find_claims(plan: Plan) -> list[tuple[StorageRole, str]]:
    found = [(role, find_claim(role, storage)) for role, storage in plan.storages]
    return [(role, claim) for role, claim in found if claim is not None]


def _find_secrets(plan: Plan) -> list[tuple[StorageRole, str]]:
    return [(role, s.credentials_secret) for role, s in plan.storages if s is not None and s.credentials_secret]


def _find_service_account(plan: Plan) -> str | None:
    named: list[Storage] = [storage for _, storage in plan.storages if storage is not None]
    return next((storage.service_account_name for storage in named if storage.service_account_name), None)


def _name_volume(role: StorageRole) -> str:
    return f"{names.CREDENTIALS_VOLUME}{role.value}"
