"""What is wrong with a planogram, detections or photos. Must not know HTTP or the command line."""


class ShelfProblem(ValueError):
    """The text says what is wrong, where (`field`, with the id) and what to do; it holds no bytes of an image."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field


class StitchingMissing(RuntimeError):
    """Photos cannot be joined here, because OpenCV is not installed."""

    def __init__(self) -> None:
        super().__init__("joining photos needs OpenCV, which is not installed: pip install 'darkroom[shelf]'")
