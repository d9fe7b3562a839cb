"""Names of Jobs, labels and folders."""

import re
from typing import Final

import pytest

from darkroom_api import names

LABEL: Final = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
DNS_LABEL: Final = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
OWNERS: Final = ("a", "fruit", "fruit.v2", "x" * 253, "x" * 43 + "-y", "a." * 100 + "z", "0-0", "a" + "-" * 100 + "b")


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner[:20])
def test_a_child_name_fits_a_job_and_its_pods(owner: str) -> None:
    name = names.child_name(owner, "3f8e", 999)
    assert DNS_LABEL.match(name), name
    assert len(name) <= 63 - len("-abcde"), "the Job controller adds a suffix, and labels hold 63 characters"


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner[:20])
def test_the_objects_of_several_nodes_have_valid_names(owner: str) -> None:
    secret = names.nodes_secret(owner, "3f8e")
    assert DNS_LABEL.match(secret), secret
    assert secret != names.nodes_secret(owner, "3f8f")
    assert re.match(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", names.nodes_service("3f8e", 99999))


def test_child_names_are_the_same_for_the_same_attempt_only() -> None:
    inputs = [
        ("a", "1", 1),
        ("a", "1", 2),
        ("a", "2", 1),
        ("b", "1", 1),
        ("x" * 100 + "a", "1", 1),
        ("x" * 100 + "b", "3", 1),
    ]
    made = [names.child_name(*each) for each in inputs]
    assert len(set(made)) == len(inputs)
    assert made == [names.child_name(*each) for each in inputs]


@pytest.mark.parametrize("owner", [*OWNERS, "x" * 62 + ".y", "x" * 60 + "-.-z"], ids=lambda owner: owner[:20])
def test_a_label_value_is_valid(owner: str) -> None:
    assert LABEL.match(names.label_value(owner))


def test_namesakes_keep_their_artifacts_apart() -> None:
    folders = {names.artifact_folder("Model", "fruit", uid) for uid in ("1", "2")}
    assert len(folders) == 2
    assert all(folder.startswith("models/fruit-") for folder in folders)
