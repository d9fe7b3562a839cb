"""The spec of a frozen-feature classifier: what was chosen, in a form that JSON holds.

Owns its keys. Must not fit anything.
"""

from typing import Any, Final

from darkroom_trainer.features.block_names import BACKBONE_PREFIX, MEAN_SUFFIX, list_networks
from darkroom_trainer.heads.fits.families import KINDS, Family, Settings
from darkroom_trainer.heads.fits.model import Spec
from darkroom_trainer.heads.fits.temperature import Calibration
from darkroom_trainer.heads.head_ensembles import HeadEnsemble
from darkroom_trainer.heads.store import FeatureStore

VERSION: Final = 1
DEFAULT_BLOCKS: Final = ("grey16", "gradients7")
DEFAULT_INVERSE_TEMPERATURE: Final = 3.0


def build_spec(ensemble: HeadEnsemble, store: FeatureStore) -> Spec:
    """Return the spec of the ensemble's members and calibrations; the fit fills in what depends on the rows."""
    members = [
        build_member(one.trial.blocks, one.trial.family, one.settings, one.trial.num_views, one.calibration)
        for one in ensemble.members
    ]
    return join_members(members, store, ensemble.calibration)


def build_default_spec(store: FeatureStore, num_views: int) -> Spec:
    """Return what does well on most sets, for rows of which none can be held out: the largest network's features.

    They are pooled as the network's weights were trained to.
    """
    names = [name for name in store.backbones if not name.endswith(MEAN_SUFFIX)]
    blocks = (BACKBONE_PREFIX + names[-1],) if names else DEFAULT_BLOCKS
    family = Family.RIDGE if store.examples.is_multilabel else Family.DISCRIMINANT
    calibration = Calibration(DEFAULT_INVERSE_TEMPERATURE)
    member = build_member(blocks, family, {"penalty": 0.1}, 0 if store.backbones else num_views, calibration)
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
        "sharpness": calibration.inverse_temperature,
        "shift": calibration.shift,
    }


def join_members(members: list[dict[str, Any]], store: FeatureStore, calibration: Calibration) -> Spec:
    """Return the spec of a mean of members."""
    blocks = list(dict.fromkeys(block for member in members for block in member["blocks"]))
    return {
        "version": VERSION,
        "several": store.examples.is_multilabel,
        "look": store.examples.describe_look(),
        "networks": {name: store.backbones[name].look.to_json() for name in list_networks(blocks)},
        "blocks": blocks,
        "widths": [store.find_width(block) for block in blocks],
        "members": members,
        "sharpness": calibration.inverse_temperature,
        "shift": calibration.shift,
    }
