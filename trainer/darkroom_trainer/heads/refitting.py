"""From a spec to a model: fits every member of a spec on all given rows.

Owns the refit on all rows, which is a pure function of spec, rows, views and backbones. Large sets go through closed
forms part by part, so that memory stays bounded. Must not choose anything.
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch

from darkroom_trainer.heads.feature_tables import FeatureTables
from darkroom_trainer.heads.fits import exemplars, families, linear
from darkroom_trainer.heads.fits.folds import Rows, build_strata, choose_rows
from darkroom_trainer.heads.fits.model import NO_BACKBONES, FrozenClassifier, Head, Spec, build_frozen_classifier
from darkroom_trainer.heads.fits.scaling import Scale, fit_scale
from darkroom_trainer.heads.store import Examples, FeatureStore, Views
from darkroom_trainer.networks.frozen_networks import FrozenNetwork

SCALE_ROWS: Final = 4_000
"""Rows that the scale of the features is measured on, in a larger set."""
JOINED_ROWS: Final = 10_000
"""Rows, views included, that a head takes which needs all of them in memory at once."""
STREAMED: Final = (families.Family.DISCRIMINANT, families.Family.RIDGE, families.Family.KERNEL)


def fit_spec(
    spec: Spec,
    examples: Examples,
    *,
    seed: int,
    views: Views | None = None,
    backbones: Mapping[str, FrozenNetwork] = NO_BACKBONES,
    tables: FeatureTables | None = None,
) -> FrozenClassifier:
    """Return the model of the spec fitted on all rows; its own `spec` has the shapes that the rows gave it.

    A spec that was chosen with views needs views again: without them it is fitted on the images alone.
    """
    store = FeatureStore(examples, order_indices(len(examples.rows), seed), views, backbones, tables)
    return fit_on(spec, store, seed)


def fit_on(spec: Spec, store: FeatureStore, seed: int) -> FrozenClassifier:
    """Return the model of the spec fitted on all rows of the store's examples; what the store has is not redone."""
    examples = store.examples
    if len(store.indices) < len(examples.rows):
        store = store.narrow(order_indices(len(examples.rows), seed))
    spec = copy.deepcopy(spec)
    spec["look"] = examples.describe_look()
    spec["widths"] = [store.find_width(block) for block in spec["blocks"]]
    fitted = [_fit_member(member, store, seed) for member in spec["members"]]
    for member, (head, _) in zip(spec["members"], fitted, strict=True):
        member["points"] = 0 if isinstance(head, linear.Linear | exemplars.Prototypes) else len(head.points)
    model = build_frozen_classifier(spec, examples.num_labels, store.backbones).to(examples.device)
    for layer, (head, scale) in zip(model.members, fitted, strict=True):
        layer.fill(head, scale)  # type: ignore[operator]
    return model


def order_indices(rows: int, seed: int) -> Rows:
    """Return the indices of all rows; of many in random order, so that the first ones stand for all."""
    if rows <= SCALE_ROWS:
        return np.arange(rows)
    return np.random.Generator(np.random.Philox(key=[seed & 0xFFFFFFFF, 1 << 21])).permutation(rows)


def _fit_member(member: dict[str, Any], store: FeatureStore, seed: int) -> tuple[Head, Scale]:
    family, blocks = families.Family(member["family"]), member["blocks"]
    num_views = member["views"] if store.has_views else 0
    scale = _fit_scale(store, blocks, num_views, seed)
    batches = store.stream(blocks, num_views, scale)
    if family not in STREAMED and batches.rows > JOINED_ROWS:
        batches = _thin(store, JOINED_ROWS // (num_views + 1), seed).stream(blocks, num_views, scale)
    is_multilabel = store.examples.is_multilabel
    return families.fit_family(family, batches, (member["settings"],), is_multilabel=is_multilabel)[0], scale


def _fit_scale(store: FeatureStore, blocks: list[str], num_views: int, seed: int) -> Scale:
    widths = [store.find_width(block) for block in blocks]
    if len(store.indices) > SCALE_ROWS:
        store, num_views = _thin(store, SCALE_ROWS, seed), 0
    every = np.arange(len(store.indices))
    return fit_scale(store.gather(blocks, every, num_views), widths)


def _thin(store: FeatureStore, most: int, seed: int) -> FeatureStore:
    """Return a store of fewer of the rows, of every label."""
    labels = store.examples.labels[torch.from_numpy(store.indices).to(store.examples.labels.device)]
    chosen = choose_rows(build_strata(labels.cpu().numpy()), most, seed)
    return store.narrow(store.indices[chosen])
