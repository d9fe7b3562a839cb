"""The training API as it is read, and the server of these tests as the service's own SDK reads it."""

import pathlib
import ssl
from typing import Any

import pytest
from azure.cognitiveservices.vision.customvision.training import CustomVisionTrainingClient
from msrest.authentication import ApiKeyCredentials

from darkroom_api.endpoints import Reach, list_endpoints
from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_migrate.calls import Caller
from darkroom_migrate.errors import MigrationError
from darkroom_migrate.training_api import TrainingApi, find_base
from tests.unit.migrate.conftest import Serve
from tests.unit.migrate.recorded_projects import (
    APPLE,
    FRUIT,
    KEY,
    Json,
    a_detection_project,
    a_multiclass_project,
    a_multilabel_project,
    an_id,
)
from tests.unit.migrate.training_server import TrainingServer


def an_api(server: TrainingServer, certificate: pathlib.Path) -> TrainingApi:
    reach = Reach(allowed_endpoints=list_endpoints([server.base]), own_machine=True)
    caller = Caller(reach, ssl.create_default_context(cafile=certificate), patience_seconds=0.1)
    return TrainingApi(find_base(server.base), KEY, caller)


def test_the_services_own_sdk_reads_the_recorded_answers(serve: Serve, certificate: pathlib.Path) -> None:
    server = serve(a_detection_project())
    sdk: Any = CustomVisionTrainingClient
    client = sdk(server.base, ApiKeyCredentials(in_headers={"Training-key": KEY}))
    client.config.connection.verify = str(certificate)
    [project] = client.get_projects()
    assert (project.id, project.settings.classification_type) == (FRUIT, None)
    assert client.get_domain(client.get_project(FRUIT).settings.domain_id).type == "ObjectDetection"
    assert {tag.name: tag.type for tag in client.get_tags(FRUIT)} == {
        "apple": "Regular", "pear": "Regular", "Negative": "Negative",
    }  # fmt: skip
    images = client.get_images(FRUIT, order_by="Oldest", take=256, tagging_status="All")
    assert [image.id for image in images] == [an_id(number) for number in range(1, 8)]
    assert images[0].created.year == 2024
    assert [(region.tag_id, region.left, region.height) for region in images[0].regions] == [(APPLE, 0.1, 0.4)]
    assert (images[4].regions, images[5].tags) == (None, None)
    counts = client.get_image_count(FRUIT), client.get_tagged_image_count(FRUIT), client.get_untagged_image_count(FRUIT)
    assert counts == (7, 6, 1)
    iterations = client.get_iterations(FRUIT)
    assert [iteration.trained_at is None for iteration in iterations] == [False, False, True]
    performance = client.get_iteration_performance(FRUIT, iterations[1].id)
    assert (performance.average_precision, performance.per_tag_performance[0].recall) == (0.8125, 0.5)


KINDS = {
    "one tag an image": (a_multiclass_project(), AnnotationKind.CLASSIFICATION),
    "any number of tags": (a_multilabel_project(), AnnotationKind.MULTILABEL),
    "boxes": (a_detection_project(), AnnotationKind.DETECTION),
}


@pytest.mark.parametrize(("recorded", "kind"), KINDS.values(), ids=KINDS)
def test_domain_and_settings_tell_what_the_labels_are(
    recorded: Json, kind: AnnotationKind, serve: Serve, certificate: pathlib.Path
) -> None:
    api = an_api(serve(recorded), certificate)
    assert api.find_kind(api.find_project(FRUIT)) is kind


def test_a_name_that_two_projects_have_is_not_guessed(serve: Serve, certificate: pathlib.Path) -> None:
    def double(path: str, value: Any) -> Any:
        return [*value, {**value[0], "id": an_id(901)}] if path == "/projects" else value

    api = an_api(serve(a_multiclass_project(), edit=double), certificate)
    with pytest.raises(MigrationError, match="2 projects are called 'Fruit & Veg'; give the id of one"):
        api.find_project("Fruit & Veg")
    assert api.find_project(an_id(901)).id == an_id(901)


def test_a_project_without_a_training_has_no_scores(serve: Serve, certificate: pathlib.Path) -> None:
    recorded = {**a_multiclass_project(), "iterations": [a_multiclass_project()["iterations"][2]] * 2}
    api = an_api(serve(recorded), certificate)
    assert api.read_old_model(api.find_project(FRUIT)) is None


BASES = {
    "as the portal shows it": "https://fruit.cognitiveservices.azure.com/",
    "without its slash": "https://fruit.cognitiveservices.azure.com",
    "with the path of an older version": "https://fruit.cognitiveservices.azure.com/customvision/v2.2/training",
}


@pytest.mark.parametrize("endpoint", BASES.values(), ids=BASES)
def test_the_training_api_is_below_the_endpoint(endpoint: str) -> None:
    assert find_base(endpoint) == "https://fruit.cognitiveservices.azure.com/customvision/v3.3/training"
