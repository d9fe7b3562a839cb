"""One image's bytes and an open model: what the model says, within the limits of the service for an image.

Owns those limits, and which guesses are shown. Must not do: any I/O.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from darkroom_predict.description import ModelDescription
from darkroom_predict.images import ImageProblem, ImageSize, NotAnImage, check_file
from darkroom_predict.loading import Predictor
from darkroom_predict.predictions import Prediction, keep_best_of_stacked
from darkroom_predict.resizing import decode_measured
from darkroom_server.prediction.failures import ImageUnfit

MIN_SIDE_PX: Final = 50
"""The service's own; what is larger than `images.MAX_SIDE_PX` does not get so far."""


@dataclass(frozen=True)
class Seen:
    """What a model says about an image of `size`, best first; of boxes on top of each other only the surest."""

    description: ModelDescription
    size: ImageSize
    prediction: Prediction


def look(predictor: Predictor, image: bytes) -> Seen:
    """Return what `predictor` says about `image`; raises ImageUnfit."""
    described = predictor.description
    with _explained():
        size, pixels = decode_measured(image, described.preprocessing.image_size_px)
    if min(size.width, size.height) < MIN_SIDE_PX:
        raise ImageUnfit(
            f"the image is {size.width} x {size.height} pixels; each side must have at least {MIN_SIDE_PX}",
            is_image=True,
        )
    (prediction,) = predictor.predict(pixels[None])
    return Seen(described, size, keep_best_of_stacked(prediction, described.threshold))


def check_head(image: bytes) -> None:
    """Raise ImageUnfit for bytes whose head alone tells that no model can look at them; nothing is decoded."""
    with _explained():
        check_file(image)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ImageProblem as problem:
        raise ImageUnfit(f"the image {problem}", is_image=not isinstance(problem, NotAnImage)) from problem
