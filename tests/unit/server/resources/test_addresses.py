"""Addresses of annotation files. What the routes refuse is in tests/unit/server/routes/test_datasets.py."""

import pytest

from darkroom_api.v1alpha1.common import Storage
from darkroom_server.config import AnnotationRules, PrefixMapping
from darkroom_server.http.problems import Problem
from darkroom_server.resources.addresses import build_container_url, place_files

OURS = Storage(region="eu-west-1")
THEIRS = Storage(region="us-east-1")
RULES = AnnotationRules(
    (PrefixMapping("https://old/a/", "s3://new/a/", OURS), PrefixMapping("https://old/", "s3://other/", THEIRS)), OURS
)


def test_the_first_mapping_counts_and_brings_its_storage() -> None:
    placed = place_files(["https://old/a/train.json"], RULES, is_identity=False)
    assert (placed.files, placed.storage) == (("s3://new/a/train.json",), OURS)
    assert placed.mappings == RULES.mappings


def test_files_of_two_storages_are_no_dataset() -> None:
    with pytest.raises(Problem, match="more than one storage"):
        place_files(["https://old/a/train.json", "https://old/b/train.json"], RULES, is_identity=False)


def test_what_is_mapped_does_not_count_twice() -> None:
    with pytest.raises(Problem, match="names one file twice"):
        place_files(["https://old/a/train.json?sig=1", "s3://new/a/train.json"], RULES, is_identity=True)


CONTAINERS: dict[str, tuple[list[str], str]] = {
    "one file": (["https://h/set/a.json"], "https://h/set?sig=1"),
    "two of one container": (["https://h/set/a.json", "https://H/set/b/c.json"], "https://h/set?sig=1"),
    "two containers of one host": (["https://h/a/1.json", "https://h/b/1.json"], "https://h/?sig=1"),
    "with a port": (["https://h:8443/set/a.json"], "https://h:8443/set?sig=1"),
}


@pytest.mark.parametrize(("uris", "url"), CONTAINERS.values(), ids=CONTAINERS.keys())
def test_a_token_opens_what_holds_all_files(uris: list[str], url: str) -> None:
    assert build_container_url(uris, "?sig=1") == url


@pytest.mark.parametrize(
    ("uris", "token", "said"),
    [
        (["https://a/1.json", "https://b/1.json"], "sig=1", "more than one host"),
        (["s3://a/1.json"], "sig=1", "needs https"),
        (["https://a/1.json"], "sv=2023&sp=r", "no `sig=`"),
        (["https://a/1.json"], "", "not the query"),
        (["https://a/1.json"], "sig=1#x", "not the query"),
        (["https://a/1.json"], "sig=" + "a" * 3000, "not the query"),
    ],
)
def test_a_token_that_cannot_open_them_is_refused_and_not_shown(uris: list[str], token: str, said: str) -> None:
    with pytest.raises(Problem, match=said) as refused:
        build_container_url(uris, token)
    assert token == "" or token not in refused.value.message
