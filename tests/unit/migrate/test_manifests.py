"""The manifests of a copied project."""

import pytest
import yaml

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_migrate.answers import Iteration, Project, Scores
from darkroom_migrate.manifests import build_dataset, build_model, name_resource
from darkroom_migrate.training_api import OldModel
from tests.unit.migrate.recorded_projects import FRUIT, a_multiclass_project, an_id


def a_project_called(name: str) -> Project:
    return Project.model_validate({**a_multiclass_project()["project"], "name": name})


NAMES = {
    "words": ("Fruit & Veg", "fruit-veg"),
    "accents": ("Äpfel_2024", "apfel-2024"),
    "another script": ("苹果", "project-00000900"),
    "a path": ("../../etc", "etc"),
    "more than a name holds": ("a" * 300, "a" * 50),
    "a cut at a dash": ("a" * 49 + " b", "a" * 49),
    "nothing": ("", "project-00000900"),
}


@pytest.mark.parametrize(("called", "name"), NAMES.values(), ids=NAMES)
def test_a_resource_has_a_name_that_kubernetes_takes(called: str, name: str) -> None:
    assert name_resource(a_project_called(called)) == name


@pytest.mark.parametrize("name", ["a\nkind: Secret", "a\u2028b", "\ud800", "a" * 5000], ids=ascii)
def test_a_strangers_text_stays_inside_its_comment(name: str) -> None:
    scores = Scores.model_validate({"perTagPerformance": [{"name": name, "recall": 0.5}]})
    old = OldModel(Iteration(id=an_id(1), name=name, trained_at=name), scores)
    model = build_model(a_project_called(name), AnnotationKind.DETECTION, old)
    dataset = build_dataset(a_project_called(name), AnnotationKind.DETECTION, "s3://vision/fruit", None)
    read = [yaml.safe_load(text) for text in (model, dataset)]
    assert [entry["kind"] for entry in read] == ["Model", "Dataset"]
    assert all(len(line) < 400 for line in model.decode().splitlines())


def test_a_project_that_was_never_trained_says_so() -> None:
    text = build_model(a_project_called("Fruit"), AnnotationKind.MULTILABEL, None).decode()
    assert text.startswith("# Nothing was trained in the project.\n")
    assert yaml.safe_load(text)["spec"] == {"task": "multilabelClassifier", "dataset": "fruit", "budget": "1h"}


def test_a_dataset_in_a_bucket_names_its_service_and_where_its_secret_goes() -> None:
    text = build_dataset(a_project_called("Fruit"), AnnotationKind.DETECTION, "s3://v/f", "http://s3:9000").decode()
    assert text.splitlines()[:2] == [
        f'# The images of the Custom Vision project "Fruit" ({FRUIT}).',
        "# On a cluster, spec.storage.credentialsSecret names the Secret that opens the bucket.",
    ]
    assert yaml.safe_load(text)["spec"]["storage"] == {"endpoint": "http://s3:9000"}
