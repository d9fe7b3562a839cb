"""The Job of a Prediction: which Secrets it sees and which hosts it may reach."""

from typing import Any

import pytest

from darkroom_api import names
from darkroom_api.run_config import StorageAccess
from darkroom_operator.decide.model_use import decide_prediction
from darkroom_operator.manifests.job import build_job
from darkroom_operator.manifests.run_config import plan_prediction
from tests.builders import Json, a_config
from tests.prediction_builders import a_prediction_spec, a_prediction_view
from tests.unit.operator.manifests.test_job import ALL_LISTED, LISTED, container_of, pod_of, told_by
from tests.unit.operator.manifests.test_job_credentials import keys_of

NEW: Json = {"uri": "s3://vision/new", "storage": {"credentialsSecret": "darkroom-new"}}
OVER_IMAGES: Json = {"spec": a_prediction_spec(dataset=None, images=NEW), "dataset": None}
ROLES: dict[str, tuple[Json, list[str]]] = {
    "over a Dataset": ({}, ["dataset", "model", "output"]),
    "over a folder": (OVER_IMAGES, ["dataset", "images", "model", "output"]),
    "over a folder by a Model whose Dataset is gone": (
        {**OVER_IMAGES, "model_dataset": None}, ["images", "model", "output"],
    ),
}  # fmt: skip


def prediction(config: Any = None, **changes: Any) -> Json:
    """Build the Job of a Prediction over a Dataset, or of what the changes make of it."""
    config, view = config or a_config(), a_prediction_view(**changes)
    return build_job(plan_prediction(view, decide_prediction(view, config).status, config), config)


def find_storages(job: Json) -> list[StorageAccess]:
    """Return how a trainer reaches what it is told of."""
    told = told_by(job)
    named = [told.dataset, told.model, told.output, told.prediction.images if told.prediction else None]
    return [place.storage for place in named if place is not None]


@pytest.mark.parametrize(("changes", "roles"), ROLES.values(), ids=ROLES.keys())
def test_every_storage_that_it_is_told_of_has_its_secret_mounted_and_no_other_is(
    changes: Json, roles: list[str]
) -> None:
    job = prediction(**changes)
    assert [v["name"] for v in pod_of(job)["volumes"] if v["name"].startswith("credentials-")] == [
        f"credentials-{role}" for role in roles
    ]
    mounted = {mount["mountPath"] for mount in container_of(job)["volumeMounts"]}
    wanted = {storage.credentials_dir for storage in find_storages(job)} - {None}
    assert wanted == {path for path in mounted if path.startswith(names.CREDENTIALS_DIR)}


def test_the_images_have_a_secret_of_their_own_with_a_buckets_keys() -> None:
    job = prediction(**OVER_IMAGES)
    (volume,) = [v for v in pod_of(job)["volumes"] if v["name"] == "credentials-images"]
    assert {source["secret"]["name"] for source in volume["projected"]["sources"]} == {"darkroom-new"}
    assert keys_of(job, "images")["AWS_ACCESS_KEY_ID"] is False, "a folder is always in a bucket"


def test_every_storage_is_told_of_the_administrators_endpoints() -> None:
    reaches = [storage.reach for storage in find_storages(prediction(a_config(**LISTED), **OVER_IMAGES))]
    assert len(reaches) == 4
    assert {reach.allowed_endpoints for reach in reaches} == {ALL_LISTED}
    assert not any(reach.own_machine for reach in reaches)
