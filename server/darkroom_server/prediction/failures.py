"""Why a model says nothing about an image.

Owns the exceptions, each with a text for the caller. Must not know how a route words or numbers them.
"""


class PredictionFailure(Exception):
    """The text says what is wrong and what to do; it shows no address of ours and no bytes."""


class ModelMissing(PredictionFailure):
    """There is no Model of this name in the caller's namespace."""


class ModelUnfinished(PredictionFailure):
    """The Model has not succeeded, or not yet."""


class ModelUnfit(PredictionFailure):
    """The Model has finished, and its files cannot be run here."""


class ModelAway(PredictionFailure):
    """The Model's files cannot be reached now."""


class ImageUnfit(PredictionFailure):
    """The bytes are no image that a model can look at."""

    def __init__(self, text: str, *, is_image: bool) -> None:
        super().__init__(text)
        self.is_image = is_image
        """Whether it is an image at all: then its size is wrong, or it is damaged."""


class UrlUnfit(PredictionFailure):
    """The address of an image that is malformed, may not be fetched, or gives no image."""


class TooBusy(PredictionFailure):
    """More waits already than may."""

    def __init__(self, text: str, retry_after_seconds: int) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds
