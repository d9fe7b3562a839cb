"""Where a run reads and writes, and whether it may. Every blocker names the field.

Owns the order of places for artifacts (the resource's own output, the installation's, beside the dataset), and checks
that neither the CRD's schema nor its CEL rules can make, since they depend on the configuration.
"""

from collections.abc import Iterable
from typing import Any, Final

from darkroom_api import endpoints, runs
from darkroom_api.blockers import Blocker, ObservedDataset
from darkroom_api.conditions import Reason
from darkroom_api.names import BUCKET_SCHEMES
from darkroom_api.redaction import redact
from darkroom_api.v1alpha1.common import Storage
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import Output
from darkroom_operator.config import OperatorConfig, OutputConfig
from darkroom_operator.facts.views import EvaluationView, ModelUseView, ModelView, PredictionView

OutputBase = tuple[str, Storage | None]

MISSING: Final = "does not exist in namespace `{}`; apply it, and the run continues automatically."
"""What to say of a Dataset or Model that is not there."""
NO_OUTPUT: Final = Blocker(
    Reason.INVALID_CONFIGURATION,
    "output: the dataset is in no bucket, so there is none to write to; "
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
    first = next((uri for uri in dataset.annotation_files if uri.startswith(BUCKET_SCHEMES)), None)
    if first is None:
        return None
    return f"{first.rpartition('/')[0]}/darkroom", dataset.storage


def find_places(view: ModelUseView[Any, Any], config: OperatorConfig) -> OutputBase:
    """Return the folder of the outputs of the finished Model that a run uses, and its storage.

    The Model knows where it is; how to get in is said by its output, the installation, or its Dataset (else by what the
    run itself reads, when that Dataset is gone).
    """
    model, read = view.model, view.model_dataset or view.dataset
    assert model is not None
    assert model.artifacts is not None
    storage = read.spec.storage if read is not None else view.self_.spec.images.storage
    if model.spec.output is not None:
        storage = model.spec.output.storage or storage
    elif config.output is not None:
        storage = config.output.storage
    return model.artifacts.uri.rstrip("/").rsplit("/", 2)[0], storage


def find_labels(view: PredictionView) -> ObservedDataset | None:
    """Return the Dataset whose labels say which images need no answer: the one that is answered, else the Model's.

    None where the Model's is gone or Invalid: the images of a folder wait for no Dataset.
    """
    if view.self_.spec.dataset is not None:
        return view.dataset
    learned = view.model_dataset
    return None if learned is None or learned.invalid else learned


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
    assert view.dataset is not None
    _, storage = find_places(view, config)
    storages = (("dataset: storage", view.dataset.spec.storage), ("model: output.storage", storage))
    return check_storages(storages, config)


def check_prediction(view: PredictionView, config: OperatorConfig) -> Blocker | None:
    """Return why a Prediction may not read or write where it, its Model and its Dataset say; the last two are there."""
    images, labels = view.self_.spec.images, find_labels(view)
    storages = [("model: output.storage", find_places(view, config)[1])]
    if labels is not None:
        storages.insert(0, ("dataset: storage" if images is None else "model: dataset: storage", labels.spec.storage))
    if images is not None:
        storages.insert(0, ("images.storage", images.storage))
    problem = _check_uri("images.uri", images.uri, config) if images is not None else None
    return problem or check_storages(storages, config)


def check_storages(storages: Iterable[tuple[str, Storage | None]], config: OperatorConfig) -> Blocker | None:
    """Return what is wrong with the Secrets, ServiceAccounts and claims; each storage comes with its field's name."""
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
    return next(filter(None, (_check_uri(field, uri, config) for field, uri in named)), None)


def check_output(uri: str) -> Blocker | None:
    """Return why artifacts cannot go to `uri`."""
    if uri.startswith(BUCKET_SCHEMES):
        return None
    return _invalid(f"output: `{uri}` is a file on one machine; on a cluster, use an s3:// or az:// address.")


def _check_uri(field: str, uri: str, config: OperatorConfig) -> Blocker | None:
    """Return why no run on a cluster may read `uri`."""
    if uri.startswith("file:"):
        message = (
            f"{field}: `{uri}` is a file on one machine, which only `darkroom run` can read; "
            "put the data into a bucket or onto a volume, and use s3://, az://, https:// or volume:."
        )
        return Blocker(Reason.INVALID_CONFIGURATION, message, final=True)
    return _check_url(field, uri, config) if uri.startswith(("https://", "http://")) else None


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
    claim = runs.find_claim(storage)
    if claim is not None and not config.allows_volume_claim(claim):
        allowed = ", ".join(config.allowed_volume_claims) or "none"
        return _invalid(
            f"{field}.volumeClaim: PersistentVolumeClaim `{claim}` is not allowed in this installation; "
            f"use an allowed name ({allowed}), or ask the administrator to allow it."
        )
    return None


def _invalid(message: str) -> Blocker:
    return Blocker(Reason.INVALID_CONFIGURATION, message)
