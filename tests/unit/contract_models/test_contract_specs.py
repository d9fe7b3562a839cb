"""The specs through pydantic: the same tables that tests/cluster applies to a real API server."""

from typing import Any

import pydantic
import pytest

from tests.bad_manifests import BAD_MANIFESTS, BAD_UPDATES, GOOD_MANIFESTS, GOOD_UPDATES, BadManifest, Update
from tests.unit.contract_models.specs import find_immutable_changes, parse_spec


@pytest.mark.parametrize("case", [case for case in BAD_MANIFESTS if "spec" in case.manifest], ids=lambda case: case.id)
def test_refuses_and_names_the_field(case: BadManifest) -> None:
    with pytest.raises(pydantic.ValidationError) as refusal:
        parse_spec(case.manifest)
    assert case.field in str(refusal.value)


@pytest.mark.parametrize("manifest", GOOD_MANIFESTS, ids=lambda manifest: f"{manifest['kind']} {manifest['spec']}")
def test_accepts_and_writes_back_the_same(manifest: dict[str, Any]) -> None:
    assert parse_spec(manifest).to_json() == manifest["spec"]


@pytest.mark.parametrize("case", BAD_UPDATES, ids=lambda case: case.id)
def test_finds_a_change_of_an_immutable_field(case: Update) -> None:
    assert find_immutable_changes(parse_spec(case.manifest), parse_spec(case.changed)) == [case.field]


@pytest.mark.parametrize("case", GOOD_UPDATES, ids=lambda case: case.id)
def test_lets_mutable_fields_change(case: Update) -> None:
    assert find_immutable_changes(parse_spec(case.manifest), parse_spec(case.changed)) == []


def test_every_id_is_used_once() -> None:
    ids = [case.id for case in BAD_MANIFESTS] + [case.id for case in (*BAD_UPDATES, *GOOD_UPDATES)]
    assert len(ids) == len(set(ids))
