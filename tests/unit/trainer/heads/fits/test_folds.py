"""Which rows are held out together."""

import numpy as np
import pytest

from darkroom_trainer.heads.fits import folds
from tests.unit.trainer.head_examples import build_multilabel


@pytest.mark.parametrize("counts", [(2, 2), (5, 5, 5), (1, 2, 40), (3, 1, 1), (100, 7, 2)])
def test_no_row_is_fitted_on_and_held_out_at_once_and_each_is_held_out_once_in_a_repeat(counts: tuple[int]) -> None:
    strata = np.repeat(np.arange(len(counts)), counts)
    division = folds.build_folds(strata, seed=4)
    for fold in division:
        assert not set(fold.train) & set(fold.validation)
        assert set(strata[fold.validation]) <= set(strata[fold.train])
    for repeat in range(1 + max(fold.repeat for fold in division)):
        validation_rows = np.concatenate([fold.validation for fold in division if fold.repeat == repeat])
        expected = np.flatnonzero(np.bincount(strata)[strata] > 1)
        assert sorted(validation_rows) == expected.tolist()


@pytest.mark.parametrize(("rows", "most"), [(10, 50), (4000, 300)])
def test_a_part_of_the_rows_has_every_label_at_least_twice(rows: int, most: int) -> None:
    strata = np.minimum(np.random.default_rng(0).geometric(0.05, rows), 60)
    chosen = folds.choose_rows(strata, most, seed=1)
    assert len(chosen) <= max(most, 2 * len(np.unique(strata)))
    assert len(np.unique(chosen)) == len(chosen)
    everywhere, here = (np.bincount(values, minlength=61) for values in (strata, strata[chosen]))
    assert (here >= np.minimum(everywhere, 2)).all()


def test_rows_with_several_labels_are_spread_by_their_rarest() -> None:
    labels = np.array([[True, True], [True, False], [True, False], [False, False]])
    assert folds.build_strata(labels).tolist() == [1, 0, 0, 2]
    assert build_multilabel(6, 3).is_multilabel
