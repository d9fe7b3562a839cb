"""From a spec to a model: fitted on all rows, in bounded memory."""

import numpy as np
import pytest
import torch

from darkroom_trainer.heads import refitting, specs, store
from darkroom_trainer.heads.fits.families import GRIDS, Family
from darkroom_trainer.heads.fits.temperature import Calibration
from tests.unit.trainer.head_examples import build_examples, normalize

LABELS = np.arange(40) % 2
EXAMPLES = build_examples(LABELS, 2, noise=0.05)


def a_spec(family: Family) -> dict[str, object]:
    member = specs.build_member(("gradients4",), family, GRIDS[family][-1], 0, Calibration())
    return specs.join_members([member], store.FeatureStore(EXAMPLES, np.arange(40)), Calibration())


def measure(spec: dict[str, object]) -> float:
    model = refitting.fit_spec(spec, EXAMPLES, seed=0)
    return float((model(normalize(EXAMPLES)).argmax(dim=1) == EXAMPLES.labels).float().mean())


@pytest.mark.parametrize("family", list(Family))
def test_every_kind_learns_stripes(family: Family) -> None:
    assert measure(a_spec(family)) > 0.9


def test_a_kind_that_needs_all_rows_at_once_takes_fewer_of_a_large_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refitting, "JOINED_ROWS", 10)
    model = refitting.fit_spec(a_spec(Family.NEIGHBOURS), EXAMPLES, seed=0)
    assert model.spec["members"][0]["points"] == 10
    assert measure(a_spec(Family.NEIGHBOURS)) > 0.9, "some of each label are kept"


def test_the_spec_that_was_given_stays_as_it_was() -> None:
    spec = a_spec(Family.KERNEL)
    refitting.fit_spec(spec, EXAMPLES, seed=0)
    assert spec["members"][0]["points"] == 0  # type: ignore[index]


@pytest.mark.parametrize("rows", [7, refitting.SCALE_ROWS])
def test_few_rows_keep_their_order(rows: int) -> None:
    assert refitting.order_indices(rows, 3).tolist() == list(range(rows))


def test_of_many_rows_the_first_stand_for_all_by_the_seed() -> None:
    rows = refitting.SCALE_ROWS + 1
    order = refitting.order_indices(rows, 3)
    assert sorted(order.tolist()) == list(range(rows))
    assert order[:100].mean() > rows / 4
    assert np.array_equal(order, refitting.order_indices(rows, 3))
    assert not np.array_equal(order, refitting.order_indices(rows, 4))
    assert torch.as_tensor(order).dtype == torch.int64
