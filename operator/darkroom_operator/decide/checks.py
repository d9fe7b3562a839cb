"""Whether this installation can and may do what a resource asks for. Every problem names the field.

Owns the checks that neither the CRD's schema nor its CEL rules can make, since they depend on the configuration.
"""

from collections.abc import Iterable

from darkroom_api.conditions import DatasetPhase, Reason
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, Compute, Storage, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide.decision import Problem
from darkroom_operator.facts.views import ObservedDataset

NO_OUTPUT = (
    "output: the dataset is read over https, so there is no bucket to write to; "
    "set `spec.output.uri` of the Model, or `output.uri` in the installation's values"
)


def check_compute(compute: Compute | None, config: OperatorConfig) -> Problem | None:
    """Return what is wrong with the class or the number of devices."""
    name = (compute.class_name if compute else None) or config.default_compute_class
    chosen = config.compute_classes.get(name)
    if chosen is None:
        known = ", ".join(f"`{known}`" for known in sorted(config.compute_classes))
        return _invalid(f"compute.class: this installation has no compute class `{name}`; it has {known}")
    devices = (compute.devices if compute else None) or 1
    if devices > chosen.max_devices:
        return _invalid(
            f"compute.devices: {devices} is more than compute class `{name}` allows (at most {chosen.max_devices})"
        )
    return None


def check_storages(storages: Iterable[tuple[str, Storage | None]], config: OperatorConfig) -> Problem | None:
    """Return what is wrong with the Secrets and ServiceAccounts; each storage comes with the name of its field."""
    accounts: dict[str, str] = {}
    for field, storage in storages:
        if storage is None:
            continue
        problem = _check_names(field, storage, config)
        if problem is not None:
            return problem
        if storage.service_account_name is not None:
            accounts[storage.service_account_name] = f"{field}.serviceAccountName"
    if len(accounts) > 1:
        listed = ", ".join(f"{field} = `{name}`" for name, field in accounts.items())
        return _invalid(f"serviceAccountName: a pod has one ServiceAccount, but several are named: {listed}")
    return None


def check_addresses(dataset: DatasetSpec) -> Problem | None:
    """Return the first address that only `darkroom run` can read."""
    named = [("annotationFiles", uri) for uri in dataset.annotation_files]
    named += [("imageRoot", dataset.image_root)] if dataset.image_root else []
    named += [("urlMappings", mapping.to_prefix) for mapping in dataset.url_mappings or ()]
    for field, uri in named:
        if uri.startswith("file:"):
            return _invalid(
                f"{field}: `{uri}` is a file on one machine, which only `darkroom run` can read; "
                "put the data into a bucket and use s3:// or https://"
            )
    return None


def check_output(uri: str) -> Problem | None:
    """Return why artifacts cannot go to `uri`."""
    if uri.startswith("s3://"):
        return None
    return _invalid(f"output: `{uri}` is a file on one machine; on a cluster, artifacts go to s3://")


def check_dataset(
    name: str, dataset: ObservedDataset | None, task: Task | None, field: str, namespace: str
) -> Problem | None:
    """Return why a run cannot use the Dataset (yet)."""
    if dataset is None:
        return Problem(
            Reason.WAITING_FOR_DATASET,
            f"{field}: Dataset `{name}` does not exist in namespace `{namespace}`; apply it, and this run goes on.",
        )
    if dataset.current and dataset.phase is DatasetPhase.INVALID:
        missing = dataset.reason is Reason.DATASET_NOT_FOUND
        reason = Reason.DATASET_NOT_FOUND if missing else Reason.DATASET_CORRUPT
        return Problem(reason, f"{field}: Dataset `{name}` is Invalid ({dataset.reason}): {dataset.message}")
    if not dataset.ready:
        phase = dataset.phase if dataset.current else DatasetPhase.PENDING
        why = f" ({dataset.reason}: {dataset.message})" if dataset.current and dataset.reason else ""
        return Problem(Reason.WAITING_FOR_DATASET, f"{field}: Dataset `{name}` is {phase}{why}")
    if task is not None and dataset.spec.annotation_kind is not TASK_ANNOTATIONS[task]:
        return Problem(
            Reason.INCORRECT_MODEL_KIND,
            f"{field}: a `{task}` needs a Dataset of kind `{TASK_ANNOTATIONS[task]}`, "
            f"but Dataset `{name}` is `{dataset.spec.annotation_kind}`",
        )
    return None


def _check_names(field: str, storage: Storage, config: OperatorConfig) -> Problem | None:
    secret, account = storage.credentials_secret, storage.service_account_name
    if secret is not None and not config.allows_secret(secret):
        allowed = ", ".join(config.allowed_secrets) or "none"
        return _invalid(
            f"{field}.credentialsSecret: Secret `{secret}` may not be used by Darkroom here; allowed names: {allowed}"
        )
    if account is not None and not config.allows_service_account(account):
        allowed = ", ".join(config.allowed_service_accounts) or "none"
        return _invalid(
            f"{field}.serviceAccountName: ServiceAccount `{account}` may not be used by Darkroom here; "
            f"allowed names: {allowed}"
        )
    return None


def _invalid(message: str) -> Problem:
    return Problem(Reason.INVALID_CONFIGURATION, message)
