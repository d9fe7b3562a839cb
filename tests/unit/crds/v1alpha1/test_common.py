"""Words and addresses that several kinds share."""

from typing import Any

import pydantic
import pytest
from pydantic import TypeAdapter

from darkroom_api.v1alpha1 import common
from darkroom_api.v1alpha1.common import AnnotationKind, StopReason, Task

ANNOTATIONS = {
    Task.CLASSIFIER: (AnnotationKind.CLASSIFICATION, False),
    Task.MULTILABEL_CLASSIFIER: (AnnotationKind.MULTILABEL, False),
    Task.DETECTOR: (AnnotationKind.DETECTION, True),
    Task.PRODUCT_RECOGNIZER: (AnnotationKind.DETECTION, True),
}


@pytest.mark.parametrize("task", Task)
def test_a_task_learns_from_one_kind_of_annotations_and_answers_with_boxes_where_they_have_some(task: Task) -> None:
    assert (common.TASK_ANNOTATIONS[task], task.has_boxes) == ANNOTATIONS[task]


def test_every_reason_to_stop_has_a_meaning_of_its_own() -> None:
    assert set(common.STOP_MEANINGS) == set(StopReason)
    assert len(set(common.STOP_MEANINGS.values())) == len(StopReason)


def _is_read(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except pydantic.ValidationError:
        return False
    return True


ADDRESSES = {
    "an address of the web": ("https://h.test/a.json", True, False),
    "an address without encryption": ("http://h.test/a.json", False, False),
    "an address with a space": ("https://h.test/a b.json", False, False),
    "a key": ("s3://vision/a.json", True, True),
    "a key with spaces inside": ("s3://vision/my  shelf.json", True, True),
    "a key that ends with a space": ("s3://vision/a ", False, False),
    "a key that begins with a space": ("s3:// a", False, False),
    "a file": ("file:data/a.json", True, True),
    "a scheme alone": ("s3://", False, False),
    "another service's scheme": ("gs://vision/a.json", False, False),
    "more characters than the schema holds": ("s3://" + "a" * 2044, False, False),
}


@pytest.mark.parametrize(("text", "is_uri", "is_bucket"), ADDRESSES.values(), ids=ADDRESSES)
def test_what_is_an_address_of_a_file_and_of_a_bucket(text: str, *, is_uri: bool, is_bucket: bool) -> None:
    assert (_is_read(common.Uri, text), _is_read(common.BucketUri, text)) == (is_uri, is_bucket)


NAMES = {
    "a word": ("fruit", True, True),
    "with dots and hyphens": ("fruit.june-2", True, True),
    "a capital letter": ("Fruit", False, False),
    "a hyphen at its end": ("fruit-", False, False),
    "nothing": ("", False, False),
    "longer than a label": ("a" * 64, True, False),
    "longer than a name": ("a" * 254, False, False),
}


@pytest.mark.parametrize(("text", "is_name", "is_queue"), NAMES.values(), ids=NAMES)
def test_what_is_a_name_of_a_resource_and_of_a_queue(text: str, *, is_name: bool, is_queue: bool) -> None:
    assert (_is_read(common.ResourceName, text), _is_read(common.QueueName, text)) == (is_name, is_queue)


STORAGES = {
    "nothing": ({}, True),
    "keys": ({"credentialsSecret": "a"}, True),
    "an identity": ({"serviceAccountName": "b"}, True),
    "both": ({"credentialsSecret": "a", "serviceAccountName": "b"}, False),
}


@pytest.mark.parametrize(("storage", "is_read"), STORAGES.values(), ids=STORAGES)
def test_a_storage_is_reached_with_keys_or_with_an_identity(storage: dict[str, str], *, is_read: bool) -> None:
    assert _is_read(common.Storage, storage) is is_read
