"""How unsure a model is about an image: what a person should look at first, since it teaches the next model most.

From 0, sure, to 1. Of tags that exclude each other it is the margin between the best two (margin sampling: Scheffer,
Decomain and Wrobel, 2001; Settles, "Active Learning Literature Survey", 2009, section 3.1). Boxes, and tags of which an
image has any number, are decisions of their own, each at the threshold: the nearer a score is to it the less sure it
is, and the least sure decision counts for the image (as Brust, Kaeding and Denzler, "Active Learning for Deep Object
Detection", 2019, take the maximum over detections).

Pure. Must not know what becomes of the order.
"""

from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind, Task
from darkroom_predict.predictions import Floats, Prediction


def measure_uncertainty(task: Task, prediction: Prediction, threshold: float) -> float:
    """Return the uncertainty of all that a model says about an image, below the threshold too."""
    if TASK_ANNOTATIONS[task] is AnnotationKind.CLASSIFICATION:
        return _measure_margin(prediction.scores)
    return max((_measure_nearness(float(score), threshold) for score in prediction.scores), default=0.0)


def _measure_margin(scores: Floats) -> float:
    best, second = (*(float(score) for score in scores[:2]), 0.0, 0.0)[:2]
    return 1.0 - (best - second)


def _measure_nearness(score: float, threshold: float) -> float:
    """Return 1 for a score at the threshold, falling to 0 at 0 and at 1."""
    return score / threshold if score < threshold else (1.0 - score) / (1.0 - threshold)
