"""Where a run reads and writes, and whether it may. Every blocker names the field.

Owns the order of places for artifacts (the resource's own output, the installation's, beside the dataset), and checks
that neither the CRD's schema nor its CEL rules can make, since they depend on the configuration.
"""

from collections.abc import Iterable
from typing import Final

from darkroom_api import endpoints
from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_api.redaction import redact
from darkroom_api.v1alpha1.common import Storage
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import Output
from darkroom_operator.config import OperatorConfig, OutputConfig
from darkroom_operator.facts.views import EvaluationView, ModelView

OutputBase = tuple[str, Storage | None]

MISSING: Final = "does not exist in namespace `{}`; apply it, and the run continues automatically."
"""What to say of a Dataset or Model that is not there."""
NO_OUTPUT: Final = Blocker(
    Reason.INVALID_CONFIGURATION,
    "output: the dataset is read over https, so there is no bucket to write to; "
    "set `spec.output.uri` of the Model, or `output.uri` in the installation's values.",
)


def find_output_base(
    output: Output | None, dataset: DatasetSpec, default: OutputConfig | None, namespace: str
) -> OutputBase | None:
    """Return the folder below which resources get their own, and its storage; None where there is no bucket to use."""
    if output is not None:
        return output.uri.rstrip("/"), output.storage or dataset.storage
    if default is not None:
        return f"{default.uri.rstrip('/')}/{namespace}", default.storage
    first = next((uri for uri in dataset.annotation_files if uri.startswith("s3://")), None)
    if first is None:
        return None
    return f"{first.rpartition('/')[0]}/darkroom", dataset.storage


def find_places(view: EvaluationView, config: OperatorConfig) -> OutputBase | None:
    """Return the folder of the Model's outputs and its storage.

    The Model knows where it is; how to get in is said by its output, the installation, or its Dataset (else by the
    Evaluation's own, when that Dataset is gone).
    """
    model, own = view.model, view.dataset
    if model is None or own is None or model.artifacts is None:
        return None
    dataset = view.model_dataset.spec if view.model_dataset is not None else own.spec
    base = find_output_base(model.spec.output, dataset, config.output, view.self_.key.namespace)
    folder = model.artifacts.uri.rstrip("/").rpartition("/models/")[0]
    return (folder or base[0], base[1]) if base is not None else None


def check_training(view: ModelView, config: OperatorConfig) -> Blocker | None:
    """Return why a training may not read or write where its Model says; its Datasets are there."""
    spec, dataset, other = view.self_.spec, view.dataset, view.evaluation_dataset
    assert dataset is not None
    base = find_output_base(spec.output, dataset.spec, config.output, view.self_.key.namespace)
    if base is None:
        return NO_OUTPUT
    storages = [("dataset: storage", dataset.spec.storage), ("output.storage", base[1])]
    if other is not None:
        storages.append(("evaluationDataset: storage", other.spec.storage))
    if config.trainer.weights.uri is not None:
        storages.append(("trainer.weights.storage", config.trainer.weights.storage))
    return check_output(base[0]) or check_storages(storages, config)


def check_evaluation(view: EvaluationView, config: OperatorConfig) -> Blocker | None:
    """Return why an Evaluation may not read or write where its Model and its Dataset say; both are there."""
    base, dataset = find_places(view, config), view.dataset
    assert dataset is not None
    if base is None:
        return NO_OUTPUT
    storages = (("dataset: storage", dataset.spec.storage), ("model: output.storage", base[1]))
    return check_storages(storages, config)


def check_storages(storages: Iterable[tuple[str, Storage | None]], config: OperatorConfig) -> Blocker | None:
    """Return what is wrong with the Secrets and ServiceAccounts; each storage comes with the name of its field."""
    accounts: dict[str, str] = {}
    for field, storage in storages:
        if storage is None:
            continue
        problem = _check_names(field, storage, config) or _check_url(f"{field}.endpoint", storage.endpoint, config)
        if problem is not None:
            return problem
        if storage.service_account_name is not None:
            accounts[storage.service_account_name] = f"{field}.serviceAccountName"
    if len(accounts) > 1:
        listed = ", ".join(f"{field} = `{name}`" for name, field in accounts.items())
        return _invalid(f"serviceAccountName: a pod has one ServiceAccount; name the same one everywhere: {listed}")
    return None


def check_addresses(dataset: DatasetSpec, config: OperatorConfig) -> Blocker | None:
    """Return the first address that no run on a cluster may read."""
    named = [("annotationFiles", uri) for uri in dataset.annotation_files]
    named += [("imageRoot", dataset.image_root)] if dataset.image_root else []
    named += [("urlMappings", mapping.to_prefix) for mapping in dataset.url_mappings or ()]
    for field, uri in named:
        if uri.startswith("file:"):
            message = (
                f"{field}: `{uri}` is a file on one machine, which only `darkroom run` can read; "
                "put the data into a bucket and use s3:// or https://."
            )
            return Blocker(Reason.INVALID_CONFIGURATION, message, final=True)
        problem = _check_url(field, uri, config) if uri.startswith(("https://", "http://")) else None
        if problem is not None:
            return problem
    return None


def check_output(uri: str) -> Blocker | None:
    """Return why artifacts cannot go to `uri`."""
    if uri.startswith("s3://"):
        return None
    return _invalid(f"output: `{uri}` is a file on one machine; on a cluster, use an s3:// address.")


def _check_url(field: str, url: str | None, config: OperatorConfig) -> Blocker | None:
    """Return why no run may connect to `url`, as far as its text tells; a trainer resolves its name."""
    if url is None:
        return None
    try:
        endpoints.check_text(url, config.reach)
    except endpoints.EndpointProblem as problem:
        return Blocker(Reason.NOT_ALLOWED, f"{field}: `{redact(url.split('?', 1)[0])}` is not allowed: {problem}.")
    return None


def _check_names(field: str, storage: Storage, config: OperatorConfig) -> Blocker | None:
    secret, account = storage.credentials_secret, storage.service_account_name
    if secret is not None and not config.allows_secret(secret):
        allowed = ", ".join(config.allowed_secrets) or "none"
        return _invalid(
            f"{field}.credentialsSecret: Secret `{secret}` is not allowed in this installation; "
            f"use an allowed name ({allowed}), or ask the administrator to allow it."
        )
    if account is not None and not config.allows_service_account(account):
        allowed = ", ".join(config.allowed_service_accounts) or "none"
        return _invalid(
            f"{field}.serviceAccountName: ServiceAccount `{account}` is not allowed in this installation; "
            f"use an allowed name ({allowed}), or ask the administrator to allow it."
        )
    return None


def _invalid(message: str) -> Blocker:
    return Blocker(Reason.INVALID_CONFIGURATION, message)
