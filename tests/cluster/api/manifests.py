"""Builders of the objects that the cluster tests apply. Pure: nothing is sent from here."""

import copy
from typing import Any, Final

Manifest = dict[str, Any]

API_VERSION: Final = "darkroom.dev/v1alpha1"
ENDPOINT: Final = "http://s3.storage.svc:9000"
SECRET: Final = "darkroom-bucket"  # noqa: S105 - the name of a Secret
RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}


def a_namespace(name: str) -> Manifest:
    """Return a namespace that enforces the restricted Pod Security level."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(RESTRICTED)}}


def a_secret(namespace: str, access_key: str, secret_key: str, name: str = SECRET) -> Manifest:
    """Return the Secret with the keys of a bucket."""
    keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": keys,
    }


def a_dataset(
    name: str,
    namespace: str,
    *annotation_files: str,
    kind: str = "imageClassification",
    endpoint: str = ENDPOINT,
    secret: str | None = SECRET,
    **spec: Any,
) -> Manifest:
    """Return a Dataset in the cluster's own object storage."""
    storage: Manifest = {"endpoint": endpoint, "region": "us-east-1"}
    if secret is not None:
        storage["credentialsSecret"] = secret
    wanted = {"annotationKind": kind, "annotationFiles": list(annotation_files), "storage": storage, **spec}
    return _resource("Dataset", name, namespace, wanted)


def a_model(
    name: str,
    namespace: str,
    dataset: str,
    *,
    task: str = "classifier",
    budget: str = "45s",
    compute_class: str | None = None,
    **spec: Any,
) -> Manifest:
    """Return a Model; the default compute class asks for a GPU."""
    wanted = {"task": task, "dataset": dataset, "budget": budget, **spec}
    if compute_class is not None:
        wanted["compute"] = {"class": compute_class}
    return _resource("Model", name, namespace, wanted)


def an_evaluation(name: str, namespace: str, model: str, dataset: str, **spec: Any) -> Manifest:
    """Return an Evaluation of a Model on a Dataset."""
    return _resource("Evaluation", name, namespace, {"model": model, "dataset": dataset, **spec})


def a_prediction(name: str, namespace: str, model: str, **spec: Any) -> Manifest:
    """Return a Prediction by a Model."""
    return _resource("Prediction", name, namespace, {"model": model, **spec})


def a_folder(uri: str, secret: str = SECRET) -> Manifest:
    """Return a folder of images in the cluster's own object storage."""
    return {"uri": uri, "storage": {"endpoint": ENDPOINT, "region": "us-east-1", "credentialsSecret": secret}}


def with_status(manifest: Manifest, status: Manifest) -> Manifest:
    """Return the object with a status, for a patch of its status subresource."""
    return {**manifest, "status": copy.deepcopy(status)}


def _resource(kind: str, name: str, namespace: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
