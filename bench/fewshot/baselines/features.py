"""Baselines of scikit-learn on fixed features: logistic regression and neighbours, settings by cross-validation.

Owns the features: pixels, 16 x 16 in colour, standardized (the size that training.md found best for few images), or
those of the embedded network, frozen, of length 1, on whole pictures at its native size and in its own colours.
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
from sklearn.preprocessing import Normalizer, StandardScaler

from bench.fewshot.baselines import embedded
from bench.fewshot.baselines.registry import Learned, Lesson
from bench.fewshot.drawing.pictures import Picture

EMBEDDED: Final = "embedded-logistic"
PIXELS_PX: Final = 16
FOLDS: Final = 3
NEIGHBOURS: Final = "kneighborsclassifier__n_neighbors"
SETTINGS: Final[dict[str, dict[str, Sequence[Any]]]] = {
    "logistic": {"logisticregression__C": (0.001, 0.01, 0.1, 1.0)},
    "knn": {NEIGHBOURS: (1, 3, 5, 9), "kneighborsclassifier__weights": ("distance",)},
    EMBEDDED: {"logisticregression__C": (1.0, 10.0, 100.0)},
}
FIRST_CHOICE: Final[dict[str, dict[str, Any]]] = {
    "logistic": {"logisticregression__C": 0.1},
    "knn": {NEIGHBOURS: 1},
    EMBEDDED: {"logisticregression__C": 10.0},
}
"""Where a tag has fewer images than two folds need."""
MOST_CHOOSING: Final = 520
"""Images that the cross-validation sees, the same share of each tag: more would take long and choose the same."""
MOST_ITERATIONS: Final = 300
EMBEDDING_SHARE: Final = 0.8
"""Of the budget; pictures whose turn does not come within it are not learned from."""
Features = npt.NDArray[np.float64]


def learn(lesson: Lesson) -> Learned:
    """Fit the cell's method."""
    method = lesson.cell.method
    embed = embedded.Embedder() if method == EMBEDDED else _flatten
    ends_at = lesson.ends_at - (1 - EMBEDDING_SHARE) * lesson.cell.budget_seconds
    features = embed(_shuffle(lesson.pictures), ends_at)
    labels = np.array(_shuffle(lesson.tags)[: len(features)])
    pipeline = _build_pipeline(method)
    folds = min(FOLDS, int(np.bincount(labels, minlength=len(lesson.labels)).min()))
    chosen = FIRST_CHOICE[method]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes")
        if folds >= 2:
            chosen = _choose(pipeline, _limit(SETTINGS[method], len(labels), folds), features, labels, folds)
        pipeline.set_params(**chosen).fit(features, labels)
    return Learned(lambda test: pipeline.predict(embed(test)), {**chosen, "images": len(labels)})


def _shuffle(values: list[Any]) -> list[Any]:
    order = np.random.default_rng(0).permutation(len(values))
    return [values[at] for at in order]


def _flatten(part: list[Picture], _ends_at: float | None = None) -> Features:
    """Return pixels (N, 768)."""
    size = (PIXELS_PX, PIXELS_PX)
    small = [Image.fromarray(picture.pixels).resize(size, Image.Resampling.BOX) for picture in part]
    return np.stack([np.asarray(image, dtype=np.float64).ravel() / 255 for image in small])


def _build_pipeline(method: str) -> Any:
    if method == "knn":
        return make_pipeline(StandardScaler(), neighbors.KNeighborsClassifier())
    scaler = Normalizer() if method == EMBEDDED else StandardScaler()
    return make_pipeline(scaler, linear_model.LogisticRegression(max_iter=MOST_ITERATIONS))


def _limit(settings: dict[str, Sequence[Any]], images: int, folds: int) -> dict[str, Sequence[Any]]:
    """Return the settings that can be tried: no more neighbours than a fold trains on."""
    most = images - images // folds - 1
    return {
        name: [value for value in values if name != NEIGHBOURS or value <= most] for name, values in settings.items()
    }


def _choose(
    pipeline: Any, settings: dict[str, Sequence[Any]], features: Any, labels: Any, folds: int
) -> dict[str, Any]:
    if len(labels) > MOST_CHOOSING:
        rows, _ = train_test_split(np.arange(len(labels)), train_size=MOST_CHOOSING, stratify=labels, random_state=0)
        features, labels = features[rows], labels[rows]
    splits = StratifiedKFold(folds, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, settings, cv=splits, refit=False).fit(features, labels)
    return dict(search.best_params_)
