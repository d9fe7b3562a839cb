"""Which claims a trainer's pod mounts, where, and what its trainer is told of them."""

from typing import Any

from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.facts.reading import read_asked
from tests.builders import Json, a_config, a_dataset_spec, a_dataset_view, a_model_spec, an_observed_dataset
from tests.prediction_builders import a_prediction_spec
from tests.unit.operator.manifests.test_job import container_of, inspection, pod_of, told_by, training
from tests.unit.operator.manifests.test_job_prediction import prediction

OUTPUT: Json = {"uri": "s3://models/a", "storage": {"credentialsSecret": "darkroom-models"}}
FOLDER = "/var/run/darkroom/volumes"


def a_spec(claim: str = "photos", **changes: Any) -> Any:
    """Return the spec of a Dataset on a volume."""
    return a_dataset_spec(annotationFiles=["volume:train.json"], storage={"volumeClaim": claim}, **changes)


def claims_of(job: Json) -> dict[str, str]:
    """Return the claim of each volume; each is read-only for the kubelet, too, or it would change its files' group."""
    found = [volume for volume in pod_of(job)["volumes"] if "persistentVolumeClaim" in volume]
    assert all(volume["persistentVolumeClaim"]["readOnly"] is True for volume in found)
    return {volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in found}


def mounts_of(job: Json) -> dict[str, str]:
    """Return the volume at each place where claims are mounted, read-only."""
    found = [mount for mount in container_of(job)["volumeMounts"] if mount["name"] in claims_of(job)]
    assert all(mount["readOnly"] is True for mount in found)
    return {mount["mountPath"]: mount["name"] for mount in found}


def test_an_inspection_reads_the_claim_of_its_dataset() -> None:
    job = inspection(spec=a_spec())
    assert claims_of(job) == {"volume-dataset": "photos"}
    assert mounts_of(job) == {f"{FOLDER}/dataset": "volume-dataset"}
    told = told_by(job).dataset.storage
    assert (told.volume_claim, told.volume_dir) == ("photos", f"{FOLDER}/dataset")
    assert read_asked(job).claims == (("volume-dataset", "photos"),)


def test_without_a_claim_none_is_mounted() -> None:
    job = inspection()
    assert claims_of(job) == mounts_of(job) == {}
    assert told_by(job).dataset.storage.volume_dir is None


def train_on(claim: str, other: str, config: Any = None) -> Json:
    june = an_observed_dataset("fruit-june", spec=a_spec(other))
    return training(
        config or a_config(output=OUTPUT),
        spec=a_model_spec(evaluationDataset="fruit-june"),
        dataset=an_observed_dataset(spec=a_spec(claim)),
        evaluation_dataset=june,
    )


def test_a_training_reads_both_claims_and_its_output_none() -> None:
    job = train_on("photos", "june")
    assert claims_of(job) == {"volume-dataset": "photos", "volume-evaluation": "june"}
    assert mounts_of(job) == {
        f"{FOLDER}/dataset": "volume-dataset", f"{FOLDER}/evaluation": "volume-evaluation",
    }  # fmt: skip
    told = told_by(job)
    assert told.output is not None
    assert told.output.storage.volume_dir is None
    assert told.evaluation_dataset is not None
    assert told.evaluation_dataset.storage.volume_dir == f"{FOLDER}/evaluation"


def test_an_output_in_the_storage_of_its_dataset_reads_no_claim() -> None:
    spec = a_dataset_spec(
        annotationFiles=["s3://vision/a.json"], imageRoot="volume:pictures",
        storage={"volumeClaim": "photos", "credentialsSecret": "darkroom-a"},
    )  # fmt: skip
    job = training(dataset=an_observed_dataset(spec=spec))
    assert list(mounts_of(job)) == [f"{FOLDER}/dataset"]
    told = told_by(job).output
    assert told is not None
    assert (told.storage.volume_dir, told.storage.volume_claim) == (None, None)
    assert told.storage.credentials_dir is not None


def test_one_claim_of_several_roles_is_one_volume_of_the_pod() -> None:
    weights = {"image": "example.org/trainer:1", "weightsClaim": "shared"}
    job = train_on("shared", "shared", a_config(output=OUTPUT, trainer=weights))
    assert claims_of(job) == {"weights": "shared"}
    assert mounts_of(job) == {
        f"{FOLDER}/dataset": "weights", f"{FOLDER}/evaluation": "weights", "/weights": "weights",
    }  # fmt: skip


def test_a_prediction_reads_the_claim_of_its_images() -> None:
    images = {"uri": "volume:new", "storage": {"volumeClaim": "inbox"}}
    job = prediction(spec=a_prediction_spec(dataset=None, images=images), dataset=None)
    assert claims_of(job) == {"volume-images": "inbox"}
    told = told_by(job).prediction
    assert told is not None
    assert told.images is not None
    assert told.images.storage.volume_dir == f"{FOLDER}/images"


def test_a_pod_with_a_claim_is_as_restricted_as_any() -> None:
    spec = pod_of(inspection(spec=a_spec()))
    assert spec["securityContext"] == pod_of(inspection())["securityContext"]
    assert {key for volume in spec["volumes"] for key in volume} == {
        "name", "downwardAPI", "emptyDir", "persistentVolumeClaim",
    }  # fmt: skip


def test_a_claim_whose_name_is_not_allowed_is_named_before_anything_starts() -> None:
    decision = decide_dataset(a_dataset_view(a_spec("database")), a_config(allowedVolumeClaims=["photo*"]))
    assert decision.status.message is not None
    assert "storage.volumeClaim: PersistentVolumeClaim `database` is not allowed" in decision.status.message
    assert "use an allowed name (photo*)" in decision.status.message
