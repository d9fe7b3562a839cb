"""The job that users come for, run once per session: Dataset, Model and Evaluation applied together.

Other tests look at what it left: the versions that a watcher saw, the resources and the artifacts.
"""

import pathlib
from dataclasses import dataclass
from typing import Final

from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection, Manifest
from tests.cluster.api.recorder import Recorder, record
from tests.cluster.api.waiting import Waiter
from tests.cluster.host.processes import read_mounts
from tests.cluster.storage.bucket import Bucket

BUDGET: Final = "45s"
BUDGET_SECONDS: Final = 45
NO_ONNX: Final = "there is no model.onnx"
TRAIN, EVAL, MODEL, EVALUATION = "digits", "digits-eval", "digits", "digits"


@dataclass(frozen=True)
class MainJob:
    """The finished resources, and everything that a watcher saw of Models and Evaluations on the way."""

    namespace: str
    dataset: Manifest
    model: Manifest
    evaluation: Manifest
    models: Recorder
    evaluations: Recorder
    trainer_pod: Manifest
    trainer_mounts: str


def build_main_manifests(namespace: str, bucket: Bucket) -> list[Manifest]:
    """Return the manifests of the main job, consumers before what they wait for."""
    return [
        manifests.an_evaluation(EVALUATION, namespace, MODEL, EVAL),
        manifests.a_model(MODEL, namespace, TRAIN, budget=BUDGET),
        manifests.a_dataset(TRAIN, namespace, bucket.uri("digits/train.json")),
        manifests.a_dataset(EVAL, namespace, bucket.uri("digits/eval.json")),
    ]


def build_local_manifests(folder: pathlib.Path) -> list[Manifest]:
    """Return the same manifests for a run without a cluster, on files."""
    made = [
        manifests.an_evaluation(EVALUATION, "default", MODEL, EVAL),
        manifests.a_model(MODEL, "default", TRAIN, budget=BUDGET),
        manifests.a_dataset(TRAIN, "default", (folder / "train.json").as_uri()),
        manifests.a_dataset(EVAL, "default", (folder / "eval.json").as_uri()),
    ]
    for manifest in made:
        manifest["spec"].pop("storage", None)
    return made


def run_main_job(connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str) -> MainJob:
    """Apply the manifests and wait for the end of all: once more where slow last steps left no time for ONNX.

    That is a good end for a user, but a server needs the file.
    """
    job = _run_once(connection, waiter, bucket, namespace)
    if NO_ONNX in job.model["status"]["message"]:
        for kind, name in (("Evaluation", EVALUATION), ("Model", MODEL)):
            connection.delete(kind, name, namespace)
        job = _run_once(connection, waiter, bucket, namespace)
    return job


def _run_once(connection: Connection, waiter: Waiter, bucket: Bucket, namespace: str) -> MainJob:
    with record(connection, "Model", namespace) as models, record(connection, "Evaluation", namespace) as evaluations:
        for manifest in build_main_manifests(namespace, bucket):
            connection.apply(manifest)
        pod = waiter.pod(namespace, MODEL, 150)
        mounts = read_mounts(pod)
        model = waiter.phase("Model", namespace, MODEL, "Succeeded", 150)
        evaluation = waiter.phase("Evaluation", namespace, EVALUATION, "Succeeded", 90)
    dataset = connection.get("Dataset", TRAIN, namespace)
    return MainJob(namespace, dataset, model, evaluation, models, evaluations, pod, mounts)
