"""When features are computed: those of frozen networks once for each image."""

import pathlib

import numpy as np
import pytest
import torch

from darkroom_trainer.heads.feature_tables import FeatureTables
from darkroom_trainer.heads.store import NETWORK_BATCH, FeatureStore
from tests.unit.trainer.head_examples import CountedNet, a_network, build_examples

LABELS = np.repeat(np.arange(3), 4)
EXAMPLES = build_examples(LABELS, 3)
EVERY = np.arange(len(LABELS))
BLOCK = "backbone:own"


def a_store(net: CountedNet, tables: FeatureTables | None = None, rows: np.ndarray = EVERY) -> FeatureStore:
    return FeatureStore(EXAMPLES, rows, lambda images, view: images / (view + 1), {"own": a_network(net=net)}, tables)


def test_a_network_looks_at_each_image_once_whoever_asks() -> None:
    net = CountedNet()
    store = a_store(net)
    probed = store.probe(BLOCK)
    assert net.seen == probed > 0
    assert store.count_missing(BLOCK, 0) == 12 - probed
    store.extract([BLOCK], 0)
    store.narrow(EVERY[3:7]).gather([BLOCK], np.arange(4), 0)
    assert (net.seen, store.count_missing(BLOCK, 0), store.count_missing(BLOCK, 1)) == (12, 0, 12)
    store.extract([BLOCK], 1)
    assert (net.seen, store.count_missing(BLOCK, 1)) == (24, 0)


def test_a_process_after_this_one_has_the_features_from_the_file(tmp_path: pathlib.Path) -> None:
    first, second = CountedNet(), CountedNet()
    before = a_store(first, FeatureTables(12, tmp_path, "stripes")).get_features([BLOCK], 0)
    after = a_store(second, FeatureTables(12, tmp_path, "stripes")).get_features([BLOCK], 0)
    assert torch.equal(before, after)
    assert (first.seen, second.seen) == (12, 0)


@pytest.mark.parametrize("batch", [EVERY, EVERY[:1]], ids=["many images", "one image"])
def test_features_from_the_table_are_those_that_the_model_computes(batch: np.ndarray) -> None:
    store = a_store(CountedNet(), rows=batch)
    images = EXAMPLES.images[torch.from_numpy(batch)].permute(0, 3, 1, 2).float() / 255
    torch.testing.assert_close(store.get_features([BLOCK], 0), a_network()(images))
    assert store.find_width(BLOCK) == 6


def test_hand_made_features_are_kept_in_memory_alone() -> None:
    store = FeatureStore(EXAMPLES, EVERY)
    assert store.probe("grey8") == 12
    assert store.count_missing("grey8", 1) == 24
    store.extract(["grey8"], 1)
    assert store.count_missing("grey8", 1) == 0


def test_work_that_is_broken_off_keeps_what_a_network_has_said() -> None:
    net, labels = CountedNet(), np.repeat(np.arange(3), 10)
    store = FeatureStore(build_examples(labels, 3), np.arange(30), None, {"own": a_network(net=net)})
    looks = iter([False, False, True])

    def check() -> None:
        if next(looks):
            raise TimeoutError

    with pytest.raises(TimeoutError):
        store.extract([BLOCK], 0, check)
    assert (net.seen, store.count_missing(BLOCK, 0)) == (2 * NETWORK_BATCH, 30 - 2 * NETWORK_BATCH)
