"""Names of blocks of features, and the networks that they need."""

import pytest

from darkroom_trainer.features.block_names import list_networks, list_weights


@pytest.mark.parametrize(
    ("blocks", "networks"),
    [
        pytest.param(["grey16", "gradients7"], [], id="hand-made blocks need none"),
        pytest.param(["backbone:resnet18.a1_in1k"], ["resnet18.a1_in1k"], id="a network's block needs that network"),
        pytest.param(["backbone:a", "colours", "backbone:b"], ["a", "b"], id="networks keep the order of their blocks"),
    ],
)
def test_blocks_name_the_networks_that_they_need(blocks: list[str], networks: list[str]) -> None:
    assert list_networks(blocks) == networks


def test_a_network_that_is_pooled_in_two_ways_has_its_weights_once() -> None:
    blocks = ["backbone:a", "backbone:a:mean", "colours"]
    assert (list_networks(blocks), list_weights(blocks)) == (["a", "a:mean"], ["a"])
