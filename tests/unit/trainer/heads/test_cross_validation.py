"""Nothing that is held out is seen by a fit."""

import numpy as np
import pytest
import torch

from darkroom_trainer.heads import cross_validation as cross_validations, store
from darkroom_trainer.heads.fits import families, folds
from tests.unit.trainer.head_examples import build_examples


@pytest.mark.parametrize("family", list(families.Family))
def test_nothing_of_a_held_out_row_reaches_the_fit(family: families.Family) -> None:
    examples = build_examples(np.repeat(np.arange(3), 4), 3)
    fold = folds.Fold(0, np.array([0, 1, 2, 4, 5, 6, 8, 9, 10]), np.array([3, 7, 11]))
    trial = cross_validations.HeadTrial(("grey8", "gradients4"), family, 1, families.GRIDS[family][:1])
    before = predict(examples, trial, fold)
    images, labels = examples.images.clone(), examples.labels.clone()
    images[[7, 11]], labels[[3, 7, 11]] = 255 - images[[7, 11]], 1
    after = predict(store.Examples(images, examples.mean, examples.std, examples.rows, labels, 3), trial, fold)
    torch.testing.assert_close(before[0], after[0], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(before[1:], after[1:])


def predict(examples: store.Examples, trial: cross_validations.HeadTrial, fold: folds.Fold) -> torch.Tensor:
    kept = store.FeatureStore(examples, np.arange(12), lambda images, _: images.flip(3))
    return cross_validations.fit_and_predict(kept, trial, fold)[0]
