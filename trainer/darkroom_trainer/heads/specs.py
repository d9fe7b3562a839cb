"""The spec of a light model: what was chosen, in a form that JSON holds.

Owns its keys. Must not fit anything.
"""

from typing import Any, Final

from darkroom_trainer.heads.blending import Blend
from darkroom_trainer.heads.fits.families import KINDS, Family, Settings
from darkroom_trainer.heads.fits.model import Spec
from darkroom_trainer.heads.fits.temperature import Calibration
from darkroom_trainer.heads.store import Store

VERSION: Final = 1
DEFAULT_BLOCKS: Final = ("grey16", "gradients7")
DEFAULT_SHARPNESS: Final = 3.0


def build_spec(blend: Blend, store: Store) -> Spec:
    """Return the spec of the blend's members and calibrations; the fit fills in what depends on the rows."""
    members = [
        build_member(one.unit.blocks, one.unit.family, one.settings, one.unit.num_views, one.calibration)
        for one in blend.members
    ]
    return join_members(members, store, blend.calibration)


def build_default_spec(store: Store, num_views: int) -> Spec:
    """Return what does well on most sets, for rows of which none can be kept out."""
    family = Family.RIDGE if store.examples.several else Family.DISCRIMINANT
    calibration = Calibration(DEFAULT_SHARPNESS)
    member = build_member(DEFAULT_BLOCKS, family, {"penalty": 0.1}, num_views, calibration)
    return join_members([member], store, Calibration())


def build_member(
    blocks: tuple[str, ...], family: Family, settings: Settings, num_views: int, calibration: Calibration
) -> dict[str, Any]:
    """Return one head of a spec."""
    return {
        "blocks": list(blocks),
        "family": family.value,
        "kind": KINDS[family],
        "settings": dict(settings),
        "views": num_views,
        "points": 0,
        "sharpness": calibration.sharpness,
        "shift": calibration.shift,
    }


def join_members(members: list[dict[str, Any]], store: Store, calibration: Calibration) -> Spec:
    """Return the spec of a mean of members."""
    blocks = list(dict.fromkeys(block for member in members for block in member["blocks"]))
    return {
        "version": VERSION,
        "several": store.examples.several,
        "look": store.examples.describe_look(),
        "blocks": blocks,
        "widths": [store.find_width(block) for block in blocks],
        "members": members,
        "sharpness": calibration.sharpness,
        "shift": calibration.shift,
    }
