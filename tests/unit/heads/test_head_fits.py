"""The fits of heads: they agree with what they claim to solve, fold exactly, and see nothing that is held out."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge

from darkroom_trainer.heads import cross_validation as cross_validations, store
from darkroom_trainer.heads.fits import exemplars, families, folds, linear, model, scaling, temperature
from tests.unit.heads.head_examples import build_examples, build_multilabel


def build_batches(rows: int, width: int, num_labels: int, part: int = 50) -> tuple[linear.Batches, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.arange(rows) % num_labels
    features = random.normal(size=(rows, width)) + 0.8 * random.normal(size=(num_labels, width))[labels]
    values = torch.from_numpy(features.astype(np.float32))
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(labels), num_labels).float()
    return linear.Batches(
        rows, width, lambda: zip(torch.split(values, part), torch.split(one_hot, part), strict=True)
    ), labels


@pytest.mark.parametrize(("rows", "width"), [(120, 10), (30, 60)], ids=["more rows", "more features"])
def test_ridge_is_the_ridge_of_scikit_learn(rows: int, width: int) -> None:
    batches, _ = build_batches(rows, width, 3)
    features, one_hot = batches.join()
    (fit,) = linear.fit_ridge(batches, [0.1])
    reference = Ridge(alpha=0.1 * rows).fit(features.double().numpy(), one_hot.numpy())
    np.testing.assert_allclose(fit.apply(features).numpy(), reference.predict(features.numpy()), atol=1e-3)


def test_discriminant_analysis_is_that_of_scikit_learn_where_nothing_is_shrunk() -> None:
    batches, labels = build_batches(300, 6, 3)
    features, _ = batches.join()
    (fit,) = linear.fit_discriminant(batches, [1e-6])
    reference = LinearDiscriminantAnalysis(solver="lsqr").fit(features.double().numpy(), labels)
    found, expected = fit.apply(features).numpy(), reference.decision_function(features.double().numpy())
    found, expected = (values - values.mean(axis=1, keepdims=True) for values in (found, expected))
    np.testing.assert_allclose(found / found.std(), expected / expected.std(), atol=0.02)


@pytest.mark.parametrize(("rows", "width"), [(120, 10), (30, 60)], ids=["more rows", "more features"])
def test_discriminant_analysis_is_the_same_by_rows_and_by_features(rows: int, width: int) -> None:
    batches, _ = build_batches(rows, width, 3)
    features, one_hot = batches.join()
    middles = torch.stack([features[one_hot[:, label] > 0].mean(dim=0) for label in range(3)])
    rest = (features - one_hot @ middles).double()
    inverse = torch.linalg.inv(rest.t() @ rest / rows + 0.3 * torch.eye(width, dtype=torch.float64)).float()
    weight = inverse @ (middles - features.mean(dim=0)).t()
    found = linear.fit_discriminant(batches, [0.3])[0].weight
    torch.testing.assert_close(found / found.norm(), weight / weight.norm(), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("penalty", [0.1, 0.01])
def test_logistic_regression_is_that_of_scikit_learn(penalty: float) -> None:
    batches, labels = build_batches(200, 8, 3)
    features, _ = batches.join()
    fits = linear.fit_logistic(batches, [penalty, 1.0], is_multilabel=False)
    reference = LogisticRegression(C=1 / (penalty * 200), max_iter=1000).fit(features.numpy(), labels)
    found = fits[0].apply(features).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, reference.predict_proba(features.numpy()), atol=5e-3)


@pytest.mark.parametrize("is_multilabel", [False, True])
@pytest.mark.parametrize("family", list(families.Family))
def test_every_family_answers_finitely_at_all_its_settings(family: families.Family, is_multilabel: bool) -> None:
    if is_multilabel and family is families.Family.DISCRIMINANT:
        pytest.skip("takes one label a row")
    batches, labels = build_batches(60, 12, 3)
    features, _ = batches.join()
    for head in families.fit_family(family, batches, families.GRIDS[family], is_multilabel=is_multilabel):
        answers = head.apply(features)
        assert torch.isfinite(answers).all()
        assert float((answers.argmax(dim=1).numpy() == labels).mean()) > 0.5


def test_folding_the_scale_into_the_weights_changes_nothing() -> None:
    batches, _ = build_batches(80, 20, 3)
    features, _ = batches.join()
    features = features * torch.logspace(-1, 1, 20) + 3
    scale = scaling.fit_scale(features, [5, 15])
    head = linear.Linear(torch.randn(20, 3), torch.randn(3))
    fitted = temperature.Calibration(1.7, 0.3)
    expected = fitted.apply(head.apply(scale.apply(features)))
    torch.testing.assert_close(model.fold(head, scale, fitted).apply(features), expected, atol=1e-4, rtol=1e-4)


def test_all_blocks_count_the_same_after_scaling() -> None:
    features = torch.cat([torch.randn(500, 4) * 100, torch.randn(500, 40) * 0.01], dim=1)
    scaled = scaling.fit_scale(features, [4, 40]).apply(features)
    first, second = torch.split(scaled.var(dim=0), [4, 40])
    assert float(first.sum()) == pytest.approx(0.5, rel=0.05)
    assert float(second.sum()) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("is_multilabel", [False, True])
def test_calibrated_probabilities_are_as_often_right_as_they_say(is_multilabel: bool) -> None:
    random = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 5, generator=random)
    chances = logits.sigmoid() if is_multilabel else logits.softmax(dim=1)
    if is_multilabel:
        one_hot = (torch.rand(4000, 5, generator=random) < chances).float()
    else:
        one_hot = torch.nn.functional.one_hot(torch.multinomial(chances, 1, generator=random)[:, 0], 5).float()
    found = temperature.calibrate(logits / 7, one_hot, is_multilabel=is_multilabel)
    assert found.inverse_temperature == pytest.approx(7, rel=0.1)
    assert found.shift == pytest.approx(0, abs=0.2)


def test_faultless_answers_of_few_rows_do_not_become_certainties() -> None:
    one_hot = torch.eye(3)
    found = temperature.calibrate(one_hot * 0.1, one_hot, is_multilabel=False)
    assert float(found.apply(one_hot * 0.1).softmax(dim=1).max()) < 0.95


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


def test_neighbours_that_are_sure_of_several_labels_are_as_exact_as_float32_is() -> None:
    torch.manual_seed(0)
    points, one_hot = torch.rand(420, 8), torch.tensor([[1.0, 0.0, 1.0]]).repeat(420, 1)
    head = exemplars.Neighbours(points, one_hot, torch.tensor(3.0), is_multilabel=True)
    double = exemplars.Neighbours(points.double(), one_hot.double(), torch.tensor(3.0).double(), is_multilabel=True)
    features = torch.rand(50, 8)
    found = head.apply(features)
    assert found.abs().max() > 8, "some label is nowhere or everywhere"
    torch.testing.assert_close(found.double(), double.apply(features.double()), atol=1e-5, rtol=1e-5)
