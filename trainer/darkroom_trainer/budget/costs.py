"""What the parts of a run cost: measured at its start, or written down for an idle core.

Owns the numbers that stand in until something is measured; pure. All seconds are charged seconds, the unit of the
budget, unless a name says otherwise. Must not measure: what was measured is an argument.
"""

from dataclasses import asdict, dataclass
from typing import Final

EXPORT_SECONDS: Final = 0.15
"""A million parameters more, to write ONNX and run it against torch on one core."""


@dataclass(frozen=True)
class Costs:
    """What was measured, in charged seconds, and what is not measured, at a rate of 1.

    `save_seconds` is a checkpoint's cost, `unmeasured_seconds` that of what has no name: 0.3 s on an idle core, and
    more where the machine slows down at the very end. A run should end within 5 % of its budget, which is 1.5 s of the
    smallest useful one.
    """

    step_seconds: float
    predict_image_seconds: float
    upload_file_seconds: float = 0.1
    """Before a checkpoint's upload has been measured."""
    measure_image_seconds: float = 0.001
    """To score an image; once the held-out images were scored, to predict it as well."""
    measure_seconds: float = 0.1
    """What scoring takes however few images there are."""
    picture_seconds: float = 0.2
    scores_seconds: float = 0.35
    report_seconds: float = 0.4
    export_seconds: float = 0.4
    unmeasured_seconds: float = 1.0
    save_seconds: float = 0.0
    finish_seconds: float = 0.0
    """What `LearningTask.finish` takes however few images it looks at."""
    finish_image_seconds: float = 0.0
    """What it takes for an image more."""
    head_image_seconds: float = 0.0
    """What a frozen-feature classifier takes for an image, beside the network."""
    head_fit_seconds: float = 1.0
    """What the cross-validation and the fit of a frozen-feature classifier take however few images there are."""
    embed_image_seconds: float = 0.0
    """What the fastest frozen network takes for an image, once that is measured."""

    @property
    def image_seconds(self) -> float:
        """Return what predicting and scoring an image costs."""
        return self.predict_image_seconds + self.head_image_seconds + self.measure_image_seconds


def estimate_costs(
    step_seconds: float,
    predict_image_seconds: float,
    rate: float,
    export_wall_seconds: float = Costs.export_seconds,
    finish_seconds: float = 0.0,
) -> Costs:
    """Return costs with what is not measured yet filled in; a second on the clock is charged as `rate` seconds."""
    image = predict_image_seconds / rate
    wall = Costs(
        step_seconds / rate,
        image,
        export_seconds=export_wall_seconds,
        finish_seconds=finish_seconds / rate,
        finish_image_seconds=image,
    )
    return Costs(**{name: value * rate for name, value in asdict(wall).items()})


def estimate_export_wall_seconds(smallest_wall_seconds: float, million_parameters: float) -> float:
    """Return what writing ONNX takes on one core, on the clock; `smallest_wall_seconds` is the task's."""
    return smallest_wall_seconds + EXPORT_SECONDS * million_parameters


def estimate_measuring_seconds(took_seconds: float, images: int, costs: Costs) -> float:
    """Return what predicting and scoring an image costs, by what `images` of them took without the head.

    A handful of images takes hardly more than what is fixed; a hundredfold of it would keep a good part of the budget
    for an evaluation of some hundred images. So an image costs at most a part of all, and at least what was expected.
    """
    expected = costs.predict_image_seconds + costs.measure_image_seconds
    return min(took_seconds / images, max(expected, (took_seconds - costs.measure_seconds) / images))
