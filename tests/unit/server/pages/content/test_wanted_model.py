"""Manifests of what a person typed."""

import yaml

from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_server.pages.content.wanted_model import WantedModel, read_wanted, write_manifests


def test_text_that_looks_like_yaml_stays_text() -> None:
    written = write_manifests(WantedModel("a", dataset="null", evaluation="true", files="s3://b/x: y # z.json"))
    dataset, model = yaml.safe_load_all(written.text)
    assert model["spec"]["dataset"] == "null"
    assert model["spec"]["evaluationDataset"] == "true"
    assert dataset["spec"]["annotationFiles"] == ["s3://b/x: y # z.json"]


def test_the_annotation_kind_is_that_of_the_task() -> None:
    wanted = WantedModel("a", Task.MULTILABEL_CLASSIFIER.value, "b", "s3://b/c.json")
    assert write_manifests(wanted).manifests[0]["spec"]["annotationKind"] == AnnotationKind.MULTILABEL.value


def test_fields_that_a_form_does_not_have_are_ignored() -> None:
    assert read_wanted({"name": " a ", "class": "gpu", "uid": "x"}) == WantedModel("a", compute_class="gpu")
