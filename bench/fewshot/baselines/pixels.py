"""Baselines on pixels: logistic regression and nearest neighbours of scikit-learn, settings by cross-validation.

Owns the pixels that they see: 16 x 16 in colour, standardized; the size that training.md found best for few images.
"""

import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn import linear_model, neighbors
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.fewshot.drawing.pictures import Picture

SIDE_PX: Final = 16
FOLDS: Final = 3
SETTINGS: Final[dict[str, dict[str, Sequence[Any]]]] = {
    "logistic": {"logisticregression__C": (0.001, 0.01, 0.1, 1.0)},
    "knn": {"kneighborsclassifier__n_neighbors": (1, 3, 5, 9), "kneighborsclassifier__weights": ("distance",)},
}
FIRST_CHOICE: Final[dict[str, dict[str, Any]]] = {
    "logistic": {"logisticregression__C": 0.1},
    "knn": {"kneighborsclassifier__n_neighbors": 1},
}
"""Where a tag has fewer images than two folds need."""
MOST_CHOOSING: Final = 520
"""Images that the cross-validation sees, the same share of each tag: more would take long and choose the same."""
MOST_ITERATIONS: Final = 300


def train_on_pixels(kind: str, train: list[Picture], test: list[Picture]) -> tuple[float, dict[str, Any]]:
    """Return the accuracy on the test images, and the settings that were chosen."""
    pixels, labels = _flatten(train), np.array([picture.labels[0] for picture in train])
    estimator = (
        linear_model.LogisticRegression(max_iter=MOST_ITERATIONS)
        if kind == "logistic"
        else neighbors.KNeighborsClassifier()
    )
    pipeline = make_pipeline(StandardScaler(), estimator)
    folds = min(FOLDS, int(np.bincount(labels).min()))
    chosen = FIRST_CHOICE[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes")
        if folds >= 2:
            chosen = _choose(pipeline, _limit(SETTINGS[kind], len(labels), folds), pixels, labels, folds)
        pipeline.set_params(**chosen).fit(pixels, labels)
    answers = pipeline.predict(_flatten(test))
    truths = np.array([picture.labels[0] for picture in test])
    return float((answers == truths).mean()), chosen


def _flatten(part: list[Picture]) -> npt.NDArray[np.float64]:
    size = (SIDE_PX, SIDE_PX)
    small = [Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX) for picture in part]
    return np.stack([np.asarray(image, dtype=np.float64).ravel() / 255 for image in small])


def _limit(settings: dict[str, Sequence[Any]], images: int, folds: int) -> dict[str, Sequence[Any]]:
    """Return the settings that can be tried: no more neighbours than a fold trains on."""
    most = images - images // folds - 1
    return {
        name: [value for value in values if not name.endswith("n_neighbors") or value <= most]
        for name, values in settings.items()
    }


def _choose(pipeline: Any, settings: dict[str, Sequence[Any]], pixels: Any, labels: Any, folds: int) -> dict[str, Any]:
    if len(labels) > MOST_CHOOSING:
        rows, _ = train_test_split(np.arange(len(labels)), train_size=MOST_CHOOSING, stratify=labels, random_state=0)
        pixels, labels = pixels[rows], labels[rows]
    splits = StratifiedKFold(folds, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, settings, cv=splits, refit=False).fit(pixels, labels)
    return dict(search.best_params_)
