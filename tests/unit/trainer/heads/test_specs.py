"""The spec of a frozen-feature classifier, in a form that JSON holds."""

import json

import numpy as np
import pytest

from darkroom_trainer.heads import specs
from darkroom_trainer.heads.fits.families import Family
from darkroom_trainer.heads.fits.temperature import Calibration
from darkroom_trainer.heads.store import Examples, FeatureStore
from tests.unit.trainer.head_examples import build_examples, build_multilabel

CALIBRATION = Calibration(2.0, -0.5)


def a_store(examples: Examples) -> FeatureStore:
    return FeatureStore(examples, np.arange(len(examples.rows)))


def test_a_member_tells_its_features_its_kind_and_its_calibration() -> None:
    assert specs.build_member(("grey8", "edges7"), Family.DISCRIMINANT, {"penalty": 0.1}, 3, CALIBRATION) == {
        "blocks": ["grey8", "edges7"],
        "family": "discriminant",
        "kind": "linear",
        "settings": {"penalty": 0.1},
        "views": 3,
        "points": 0,
        "sharpness": 2.0,
        "shift": -0.5,
    }


def test_members_that_share_features_name_them_once_with_their_widths() -> None:
    members = [
        specs.build_member(blocks, Family.RIDGE, {"penalty": 0.1}, 0, Calibration())
        for blocks in (("grey8", "gradients4"), ("gradients4", "colours"))
    ]
    store = a_store(build_examples(np.arange(6) % 3, 3))
    spec = specs.join_members(members, store, CALIBRATION)
    assert spec["blocks"] == ["grey8", "gradients4", "colours"]
    assert spec["widths"] == [store.find_width(block) for block in spec["blocks"]]
    assert (spec["version"], spec["several"], spec["look"]["size_px"]) == (specs.VERSION, False, 16)
    assert json.loads(json.dumps(spec)) == spec


@pytest.mark.parametrize(
    ("examples", "family"),
    [(build_examples(np.arange(3), 3), "discriminant"), (build_multilabel(4, 3), "ridge")],
    ids=["one label", "several labels"],
)
def test_where_nothing_can_be_held_out_a_kind_is_taken_that_does_well_on_most_sets(
    examples: Examples, family: str
) -> None:
    (member,) = specs.build_default_spec(a_store(examples), 2)["members"]
    assert (member["family"], member["views"]) == (family, 2)
