"""The states of positions, and their shares."""

from dataclasses import replace
from typing import Any

import pytest

from darkroom_shelf.compliance import measure_compliance
from darkroom_shelf.matching import match_planogram
from tests.support.shelf.drawn_shelves import a_planogram, empty, rename, see_all


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    """Of 32 positions one is empty, one holds another product, one is not seen; one object is too many."""
    planogram = a_planogram()
    seen = see_all(planogram)
    seen[3] = empty(seen[3])
    seen[10] = rename([seen[10]], lambda _item: "a stranger")[0]
    extra = replace(seen[12], id="extra", y=seen[12].y - 60 * 40)
    everything = [item for item in seen if item.id != "2-5"] + [extra]
    return measure_compliance(planogram, everything, match_planogram(planogram, everything)).to_json()


def test_each_position_has_one_state(summary: dict[str, Any]) -> None:
    states = {one["positionId"]: one["state"] for one in summary["positions"]}
    assert len(states) == 32
    assert {at: state for at, state in states.items() if state != "asPlanned"} == {
        "0-3": "missing",
        "1-2": "misplaced",
        "2-5": "notSeen",
    }


def test_shares_are_of_all_positions(summary: dict[str, Any]) -> None:
    found = summary["compliance"]
    assert [found[key] for key in ("positions", "asPlanned", "missing", "misplaced", "notSeen")] == [32, 29, 1, 1, 1]
    assert (found["asPlannedShare"], found["missingShare"]) == (0.9062, 0.0312)


@pytest.mark.parametrize("group", ["products", "fixtures"])
def test_counts_by_product_and_by_fixture_make_up_the_whole(summary: dict[str, Any], group: str) -> None:
    for key in ("positions", "asPlanned", "missing", "misplaced", "notSeen"):
        assert sum(one[key] for one in summary[group]) == summary["compliance"][key]
    first = summary["fixtures"][0]
    assert (first["fixtureId"], first["missing"], first["asPlanned"]) == ("f0", 1, 7)


def test_what_belongs_nowhere_is_listed(summary: dict[str, Any]) -> None:
    assert [item["id"] for item in summary["unplannedObjects"]] == ["extra"]
