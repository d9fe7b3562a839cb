"""Every Job that is built: restricted, tokenless, bounded, owned, and told what to do."""

from typing import Any, Final

import pytest

from darkroom_api import names
from darkroom_api.run_config import RunConfig, Weights
from darkroom_operator.config import MAX_AUTHORITIES_LENGTH, OutputConfig
from darkroom_operator.decide.model import decide_model
from darkroom_operator.decide.model_use import decide_evaluation
from darkroom_operator.decide.places import find_output_base
from darkroom_operator.manifests.job import build_job
from darkroom_operator.manifests.pod import ANNOTATION_RUN_CONFIG, count_cores
from darkroom_operator.manifests.run_config import plan_evaluation, plan_inspection, plan_training
from tests.builders import (
    UID,
    Json,
    a_config,
    a_dataset_spec,
    a_dataset_view,
    a_model_spec,
    a_model_status,
    a_model_view,
    an_attempt,
    an_evaluation_view,
    an_observed_dataset,
    at,
)
from tests.certificate import make_certificate

SECRETLESS = a_dataset_spec(storage=None)
WEIGHTS = {"trainer": {"image": "example.org/trainer:1", "weightsClaim": "weights", "imagePullSecrets": ["pull"]}}

BUCKET: Json = {"uri": "s3://models/backbones", "storage": {"credentialsSecret": "darkroom-weights"}}
SOURCES = {"trainer": {**WEIGHTS["trainer"], "weights": {**BUCKET, "hub": "https://hub.example.com"}}}


def inspection(config: Any = None, **changes: Any) -> Json:
    """Build an inspection's Job."""
    config = config or a_config()
    view = a_dataset_view(**changes)
    opened = view.status.model_copy(update={"attempts": (an_attempt(1),)})
    return build_job(plan_inspection(view, opened, config), config)


def training(config: Any = None, **changes: Any) -> Json:
    """Build a training's Job, as it is decided."""
    config, view = config or a_config(), a_model_view(**{"now": at(500), **changes})
    return build_job(plan_training(view, decide_model(view, config).status, config), config)


def evaluation(config: Any = None) -> Json:
    """Build an evaluation's Job."""
    config, view = config or a_config(), an_evaluation_view()
    return build_job(plan_evaluation(view, decide_evaluation(view, config).status, config), config)


JOBS = {
    "an inspection": inspection(),
    "an inspection without credentials": inspection(spec=SECRETLESS),
    "a training": training(),
    "a training on two devices": training(spec=a_model_spec(compute={"devices": 2})),
    "a training with mounted weights": training(a_config(**WEIGHTS)),
    "a training with weights in a bucket": training(a_config(**SOURCES)),
    "an evaluation": evaluation(),
}
every_job = pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())


def pod_of(job: Json) -> Json:
    """Return a Job's pod spec."""
    spec: Json = job["spec"]["template"]["spec"]
    return spec


def container_of(job: Json) -> Json:
    """Return a Job's container."""
    container: Json = pod_of(job)["containers"][0]
    return container


@every_job
def test_a_pod_is_restricted(job: Json) -> None:
    pod, container = pod_of(job), container_of(job)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & pod.keys()
    allowed = {"downwardAPI", "emptyDir", "projected", "persistentVolumeClaim"}
    assert all(set(volume) - {"name"} <= allowed for volume in pod["volumes"])


@every_job
def test_a_pod_holds_no_token_and_no_secret_in_its_environment(job: Json) -> None:
    assert pod_of(job)["automountServiceAccountToken"] is False
    assert pod_of(job)["enableServiceLinks"] is False
    assert all("valueFrom" not in variable for variable in container_of(job)["env"])
    assert "envFrom" not in container_of(job)


@every_job
def test_a_job_runs_once_and_is_never_replaced_while_its_pod_ends(job: Json) -> None:
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["podReplacementPolicy"] == "Failed"
    assert job["spec"]["ttlSecondsAfterFinished"] == 86400
    assert "activeDeadlineSeconds" not in job["spec"]
    assert pod_of(job)["restartPolicy"] == "Never"


@every_job
def test_a_job_is_owned_and_labelled(job: Json) -> None:
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (UID, True, False)
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels.items() <= job["metadata"]["labels"].items()
    assert labels[names.LABEL_MANAGED_BY] == names.MANAGED_BY
    assert (labels[names.LABEL_UID], labels[names.LABEL_ATTEMPT]) == (UID, "1")


@every_job
def test_a_trainer_finds_its_configuration_where_its_arguments_say(job: Json) -> None:
    command, flag, path = container_of(job)["args"]
    assert (flag, path) == ("--config", "/etc/darkroom/run.json")
    told = RunConfig.model_validate_json(job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])
    assert told.command == command
    (item,) = next(v for v in pod_of(job)["volumes"] if v["name"] == "config")["downwardAPI"]["items"]
    assert item["path"] == names.CONFIG_FILE
    assert item["fieldRef"]["fieldPath"] == f"metadata.annotations['{ANNOTATION_RUN_CONFIG}']"


@every_job
def test_every_credentials_folder_is_mounted_and_every_mount_has_its_volume(job: Json) -> None:
    told = RunConfig.model_validate_json(job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])
    sources = [told.dataset, told.evaluation_dataset, told.model, told.output, told.weights.location]
    wanted = {source.storage.credentials_dir for source in sources if source is not None} - {None}
    mounts = {mount["mountPath"]: mount for mount in container_of(job)["volumeMounts"]}
    assert wanted == {path for path in mounts if path.startswith(names.CREDENTIALS_DIR)}
    assert all(mounts[path]["readOnly"] for path in wanted)
    assert {mount["name"] for mount in mounts.values()} == {volume["name"] for volume in pod_of(job)["volumes"]}


@every_job
def test_every_scratch_volume_is_bounded_and_every_resource_limited(job: Json) -> None:
    scratch = [volume["emptyDir"] for volume in pod_of(job)["volumes"] if "emptyDir" in volume]
    assert all("sizeLimit" in volume for volume in scratch)
    assert {"cpu", "memory"} <= container_of(job)["resources"]["limits"].keys()
    assert container_of(job)["terminationMessagePolicy"] == "FallbackToLogsOnError"


@pytest.mark.parametrize(
    ("spec", "devices"),
    [({}, "1"), ({"compute": {"devices": 3}}, "3"), ({"compute": {"class": "cpu"}}, None)],
    ids=["one device", "three devices", "a class without devices"],
)
def test_devices_are_asked_for(spec: Json, devices: str | None) -> None:
    assert container_of(training(spec=a_model_spec(**spec)))["resources"]["limits"].get("nvidia.com/gpu") == devices


def test_an_inspection_asks_for_no_device() -> None:
    assert container_of(inspection())["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}


DEADLINES = {
    "the whole budget": ({}, 600 + 120 + 30 + 3600),
    "a class of a tenth of the speed": ({"spec": a_model_spec(compute={"class": "cpu"})}, 6000 + 120 + 30 + 3600),
    "two devices": ({"spec": a_model_spec(compute={"devices": 2})}, 300 + 120 + 30 + 3600),
}


@pytest.mark.parametrize(("changes", "seconds"), DEADLINES.values(), ids=DEADLINES.keys())
def test_a_pod_ends_by_itself_after_its_budget_start_and_grace(changes: Json, seconds: int) -> None:
    assert pod_of(training(**changes))["activeDeadlineSeconds"] == seconds


def test_a_later_attempt_gets_what_earlier_ones_left() -> None:
    from darkroom_api.conditions import Reason

    kept = an_attempt(1, Reason.RETRYING_AFTER_DISRUPTION, charged_seconds=200)
    lost = an_attempt(2, Reason.RETRYING_AFTER_DISRUPTION)
    job = training(status=a_model_status(kept, lost))
    assert pod_of(job)["activeDeadlineSeconds"] == 400 + 120 + 30 + 3600
    assert job["metadata"]["name"] == names.child_name("fruit", UID, 3)


def test_a_service_account_is_used_instead_of_a_secret() -> None:
    dataset = an_observed_dataset(spec=a_dataset_spec(storage={"serviceAccountName": "darkroom-reader"}))
    job = training(dataset=dataset)
    assert pod_of(job)["serviceAccountName"] == "darkroom-reader"
    assert pod_of(job)["automountServiceAccountToken"] is False


def test_what_is_mounted_beside_the_run() -> None:
    job = training(a_config(**WEIGHTS))
    mounts = {mount["mountPath"]: mount for mount in container_of(job)["volumeMounts"]}
    assert mounts[names.WEIGHTS_DIR]["readOnly"] is True
    assert pod_of(job)["imagePullSecrets"] == [{"name": "pull"}]


LISTED: Json = {
    "allowedEndpoints": ["http://s3.example:9000", "https://images.storage.svc"],
    "output": {"uri": "s3://m", "storage": {"endpoint": "http://own:9000"}},
}
ALL_LISTED: Final = ("http://s3.example:9000", "https://images.storage.svc", "http://own:9000")


@pytest.mark.parametrize("build", [inspection, training, evaluation], ids=lambda build: build.__name__)
def test_every_storage_is_told_of_the_administrators_endpoints(build: Any) -> None:
    told = told_by(build(a_config(**LISTED)))
    for place in (told.dataset, told.evaluation_dataset, told.output, told.model):
        if place is not None:
            assert place.storage.reach.allowed_endpoints == ALL_LISTED
            assert place.storage.reach.own_machine is False


def test_a_service_accounts_identity_is_used_where_a_storage_names_it() -> None:
    named = an_observed_dataset(spec=a_dataset_spec(storage={"serviceAccountName": "darkroom-reader"}))
    assert told_by(training(dataset=named)).dataset.storage.service_account is True
    assert told_by(training()).dataset.storage.service_account is False
    assert told_by(inspection(spec=SECRETLESS)).dataset.storage.service_account is False


def told_by(job: Json) -> RunConfig:
    """Return what a Job's trainer is told."""
    return RunConfig.model_validate_json(job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])


def test_a_training_is_told_where_weights_are_and_other_runs_are_not() -> None:
    config = a_config(**SOURCES)
    job = training(config)
    weights = told_by(job).weights
    assert weights.hub == "https://hub.example.com"
    assert weights.location is not None
    assert weights.location.uri == "s3://models/backbones"
    assert weights.location.storage.credentials_dir == f"{names.CREDENTIALS_DIR}/weights"
    (volume,) = [volume for volume in pod_of(job)["volumes"] if volume["name"] == "credentials-weights"]
    assert {source["secret"]["name"] for source in volume["projected"]["sources"]} == {"darkroom-weights"}
    for other in (inspection(config), evaluation(config)):
        assert told_by(other).weights == Weights()
        assert "credentials-weights" not in {volume["name"] for volume in pod_of(other)["volumes"]}


def test_no_source_of_weights_is_told_of_that_is_not_configured() -> None:
    assert told_by(training()).weights == Weights()


def test_embedded_weights_are_used_unless_they_are_turned_off() -> None:
    off = a_config(trainer={**WEIGHTS["trainer"], "embeddedWeights": False})
    assert told_by(training()).weights.embedded is True
    assert told_by(training(off)).weights.embedded is False


def test_the_weights_own_service_account_is_used_where_no_other_is_named() -> None:
    weights = {"uri": "s3://models/backbones", "storage": {"serviceAccountName": "darkroom-weights"}}
    config = a_config(trainer={**WEIGHTS["trainer"], "weights": weights})
    assert pod_of(training(config))["serviceAccountName"] == "darkroom-weights"


def carried_by(job: Json) -> tuple[Json, Json]:
    """Return the labels and annotations of a Job's pod that the operator does not set of itself."""
    metadata = job["spec"]["template"]["metadata"]
    ours = (names.LABEL_MANAGED_BY, names.GROUP)
    labels, notes = (
        {key: value for key, value in metadata[part].items() if not key.startswith(ours)}
        for part in ("labels", "annotations")
    )
    return labels, notes


CARRIED = {
    "trainer": {
        "image": "example.org/trainer:1",
        "podLabels": {"team": "vision", "cost": "7"},
        "podAnnotations": {"example.org/note": "all"},
        "runtimeClassName": "gvisor",
    },
    "computeClasses": {
        "gpu": {"podLabels": {"cost": "9"}, "podAnnotations": {"rack": "3"}, "runtimeClassName": "nvidia"},
        "cpu": {},
    },
}


def test_pods_carry_what_the_installation_and_their_class_say() -> None:
    config = a_config(**CARRIED)
    of_all = {"team": "vision", "cost": "7"}, {"example.org/note": "all"}
    of_class = {"team": "vision", "cost": "9"}, {"example.org/note": "all", "rack": "3"}
    cpu = training(config, spec=a_model_spec(compute={"class": "cpu"}))
    for job, carried, runtime in (
        (inspection(config), of_all, "gvisor"),
        (cpu, of_all, "gvisor"),
        (training(config), of_class, "nvidia"),
        (evaluation(config), of_class, "nvidia"),
    ):
        assert carried_by(job) == carried
        assert pod_of(job)["runtimeClassName"] == runtime
        assert job["metadata"]["labels"].keys().isdisjoint(carried[0])
    assert carried_by(training()) == ({}, {})
    assert "runtimeClassName" not in pod_of(training())


@pytest.mark.parametrize(
    "change", [{"podLabels": {"cost": "8"}}, {"podAnnotations": {"a": "b"}}], ids=["labels", "annotations"]
)
def test_a_job_that_waits_for_its_labels_is_known_by_its_digest(change: Json) -> None:
    def digest(config: Any) -> str:
        told: str = inspection(config)["metadata"]["annotations"]["darkroom.dev/pod-digest"]
        return told

    image = {"image": "example.org/trainer:1"}
    assert digest(a_config()) == digest(a_config(trainer=image)) != digest(a_config(trainer={**image, **change}))


def test_ids_that_are_left_to_the_platform_are_not_named_and_secrets_can_be_read_by_any() -> None:
    job = inspection(a_config(trainer={"image": "example.org/trainer:1", "runAsUser": None}))
    security = pod_of(job)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert not {"runAsUser", "runAsGroup", "fsGroup"} & security.keys()
    modes = {volume["projected"]["defaultMode"] for volume in pod_of(job)["volumes"] if "projected" in volume}
    assert modes == {0o444}
    modes = {volume["projected"]["defaultMode"] for volume in pod_of(inspection())["volumes"] if "projected" in volume}
    assert modes == {0o440}


@pytest.mark.parametrize("build", [inspection, training, evaluation], ids=lambda build: build.__name__)
def test_authorities_of_the_installation_are_a_file_that_the_environment_names(build: Any) -> None:
    pem = make_certificate()[1].decode()
    job = build(a_config(trainer={"image": "example.org/trainer:1", "certificateAuthorities": pem}))
    annotation = "darkroom.dev/certificate-authorities"
    assert job["spec"]["template"]["metadata"]["annotations"][annotation] == pem
    volume = next(volume for volume in pod_of(job)["volumes"] if volume["name"] == "config")
    paths = {item["fieldRef"]["fieldPath"]: item["path"] for item in volume["downwardAPI"]["items"]}
    environment = {variable["name"]: variable["value"] for variable in container_of(job)["env"]}
    assert environment["AWS_CA_BUNDLE"] == f"{names.CONFIG_DIR}/{paths[f'metadata.annotations[{annotation!r}]']}"
    assert "AWS_CA_BUNDLE" not in {variable["name"] for variable in container_of(build())["env"]}


def test_the_longest_configuration_and_the_most_authorities_fit_into_a_pods_annotations() -> None:
    uri = "s3://" + "u" * 2043
    files = [f"{uri[:-2]}{number:02}" for number in range(10)]
    mappings = [{"from": uri, "to": uri}] * 20
    longest = a_dataset_spec(annotationFiles=files, urlMappings=mappings, imageRoot=uri)
    dataset, other = (an_observed_dataset(name, spec=longest) for name in ("fruit", "fruit-june"))
    job = training(spec=a_model_spec(evaluationDataset="fruit-june"), dataset=dataset, evaluation_dataset=other)
    used = sum(len(key) + len(value) for key, value in job["spec"]["template"]["metadata"]["annotations"].items())
    assert used + MAX_AUTHORITIES_LENGTH < 256 * 1024


PLACES: dict[str, tuple[Json, Json, str | None]] = {
    "beside the dataset": ({}, {}, "s3://vision/fruit/darkroom"),
    "beside the first file in a bucket": (
        {"annotationFiles": ["https://example.org/a.json", "s3://vision/b/c.json"]}, {}, "s3://vision/b/darkroom",
    ),
    "in the installation's place, by namespace": (
        {}, {"output": OutputConfig(uri="s3://models/")}, "s3://models/vision",
    ),
    "nowhere for a dataset over https": ({"annotationFiles": ["https://example.org/a.json"]}, {}, None),
}  # fmt: skip


@pytest.mark.parametrize(("dataset", "default", "uri"), PLACES.values(), ids=PLACES.keys())
def test_artifacts_go(dataset: Json, default: Json, uri: str | None) -> None:
    base = find_output_base(None, a_dataset_spec(**dataset), default.get("output"), "vision")
    assert (base[0] if base else None) == uri


def test_a_models_own_output_comes_first_with_the_datasets_storage() -> None:
    spec = a_model_spec(output={"uri": "s3://mine/models"})
    default = OutputConfig(uri="s3://models")
    base = find_output_base(spec.output, a_dataset_spec(), default, "vision")
    assert base is not None
    assert base[0] == "s3://mine/models"
    assert base[1] == a_dataset_spec().storage


def test_an_inspection_of_https_files_has_no_output() -> None:
    job = inspection(spec=a_dataset_spec(annotationFiles=["https://example.org/a.json"]))
    told = RunConfig.model_validate_json(job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])
    assert told.output is None


@pytest.mark.parametrize(("cpu", "cores"), [("500m", 1), ("2", 2), ("3500m", 3), ("0.5", 1)])
def test_threads_follow_the_cpu_limit(cpu: str, cores: int) -> None:
    assert count_cores(cpu) == cores
