"""Linear heads: they agree with what they claim to solve."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

from darkroom_trainer.heads.fits import linear


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


@pytest.mark.parametrize("is_multilabel", [False, True], ids=["one label", "multilabel"])
@pytest.mark.parametrize("num_labels", [2, 3])
def test_logistic_regression_minimizes_its_log_loss(num_labels: int, is_multilabel: bool) -> None:
    penalty, (batches, _) = 0.01, build_batches(200, 8, num_labels)
    features, one_hot = batches.join()
    if is_multilabel:
        one_hot = torch.maximum(one_hot, (features[:, :1] > 1).float())
        batches = linear.Batches(200, 8, lambda: iter([(features, one_hot)]))
    fit, stronger = linear.fit_logistic(batches, [penalty, 1.0], is_multilabel=is_multilabel)
    raw = fit.apply(features)
    errors = (raw.sigmoid() if is_multilabel else raw.softmax(dim=1)) - one_hot
    # of two labels, scikit-learn penalizes the difference of their weights, which is twice each
    weight = fit.weight * (2 if num_labels == 2 and not is_multilabel else 1)
    slope = features.t() @ errors / len(features) + penalty * weight
    assert float(slope.abs().max()) < 1e-3
    assert float(errors.mean(dim=0).abs().max()) < 1e-3, "the bias is not penalized"
    assert float(stronger.weight.norm()) < 0.5 * float(fit.weight.norm())


@pytest.mark.parametrize(
    ("counts", "winner"),
    [((20, 20, 0), 1), ((20, 0, 20), 2), ((30, 0, 0), 0), ((12, 14, 14), 1)],
    ids=["the last label has no rows", "the middle one has none", "only one has rows", "all have some"],
)
def test_logistic_regression_never_answers_a_label_without_rows(counts: tuple[int, ...], winner: int) -> None:
    labels = np.repeat(np.arange(3), counts)
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(labels), 3).float()
    torch.manual_seed(0)
    features = torch.randn(len(labels), 4) * 0.3 + torch.eye(3, 4)[labels]
    batches = linear.Batches(len(labels), 4, lambda: iter([(features, one_hot)]))
    (fit,) = linear.fit_logistic(batches, [1e-2], is_multilabel=False)
    shares = fit.apply(torch.cat([torch.eye(3, 4)[winner][None], torch.randn(50, 4)])).softmax(dim=1)
    assert int(shares[0].argmax()) == winner
    absent = torch.tensor(counts) == 0
    assert not absent[shares.argmax(dim=1)].any()
    assert bool((shares[:, absent] < 0.1).all())


def test_multilabel_logistic_regression_knows_labels_that_every_row_or_none_has() -> None:
    torch.manual_seed(0)
    features = torch.randn(60, 4)
    one_hot = torch.stack([torch.ones(60), torch.zeros(60), (features[:, 0] > 0).float()], dim=1)
    batches = linear.Batches(60, 4, lambda: iter([(features, one_hot)]))
    (fit,) = linear.fit_logistic(batches, [1e-3], is_multilabel=True)
    shares = fit.apply(features).sigmoid()
    torch.testing.assert_close(shares[:, :2], torch.tensor([[60.5 / 61, 0.5 / 61]]).expand(60, 2))
    assert torch.equal(shares[:, 2] > 0.5, one_hot[:, 2] > 0)


def test_only_logistic_regression_waits_for_scikit_learn() -> None:
    code = (
        "import sys, torch; from darkroom_trainer.heads import selection; "
        "from darkroom_trainer.heads.fits import families, linear; rows = torch.eye(4); "
        "batches = linear.Batches(4, 4, lambda: iter([(rows, rows)])); "
        "[families.fit_family(kind, batches, families.GRIDS[kind], is_multilabel=False) "
        "for kind in families.Family if kind is not families.Family.LOGISTIC]; print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
