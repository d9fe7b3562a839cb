"""Successive halving of recipes, and when to end it.

Owns the rules; pure. Trials train for a round each, the better half continues for rounds twice as long (Jamieson and
Talwalkar, arXiv 1502.07943), and the last one continues alone, each round annealed to the end and twice as long as the
one before (Loshchilov and Hutter, arXiv 1608.03983), until more does not help. So there is a finished model after every
round, and what was trained is never thrown away but with a recipe that lost. All seconds are charged seconds. Must not
train or measure: scores and costs are arguments.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from darkroom_api.v1alpha1.common import StopReason
from darkroom_predict.known_fields import keep_known
from darkroom_trainer.loop.recipe import Recipe, read_recipe

GROWTH: Final = 2
"""A round is this many times as long as the one before."""
HALVING_TIME_FRACTION: Final = 1 / 3
"""Of the time for the score, at most this goes into rounds with more than one recipe."""
FIRST_FACTOR: Final = 2.0
"""The first round of a halving, in least useful trainings: shorter ones rank recipes by luck."""
ALONE_FACTOR: Final = 4.0
"""The first round of a recipe without rivals, in least useful trainings."""
FIRST_ROUND_TIME_FRACTION: Final = 1 / 200
"""The least part of the time for the score that a first round takes: a large budget can afford to look twice."""
CEILING: Final = 0.995
LEAST_GAIN: Final = 0.002
GAIN_IN_ERRORS: Final = 0.5
"""A gain below this part of the score's standard error is taken for noise."""
FLAT_ROUNDS: Final = ((100, 2), (30, 3), (0, 4))
"""Held-out images, and the rounds without a gain that end a search: few images tell little, so they must tell it more
often. Two such rounds are four times the training."""


@dataclass(frozen=True)
class Score:
    """A score in [0, 1] with its standard error."""

    value: float
    standard_error: float


@dataclass
class Trial:
    """One recipe, trained round by round; `step` and `passes` count its training, `scores` has one for each round."""

    number: int
    recipe: Recipe
    started_at_seconds: float = 0.0
    cost_seconds: float = 0.0
    step: int = 0
    passes: int = 0
    scores: list[Score] = field(default_factory=list)

    @property
    def value(self) -> float:
        """Return the newest score, below every score where there is none."""
        return self.scores[-1].value if self.scores else -1.0


@dataclass
class Halving:
    """Where a search is: who takes part, in which round, how long a round is and who still has to train in it.

    `ends_at_seconds` is when the last training has to be over; `queue` has the numbers of those that follow in this
    round, the first of them training.
    """

    trials: list[Trial]
    first_seconds: float
    ends_at_seconds: float
    is_whole_portfolio: bool = False
    round: int = 0
    queue: list[int] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    stop_reason: StopReason | None = None

    @property
    def current(self) -> Trial:
        """Return the trial that trains, or that trained last."""
        number = self.queue[0] if self.queue else self.leader.number
        return self.find(number)

    @property
    def leader(self) -> Trial:
        """Return the trial with the best newest score; the earlier one of equals."""
        return max(self.trials, key=lambda one: (one.value, -one.number))

    @property
    def round_seconds(self) -> float:
        """Return how long each trial trains in this round."""
        return self.first_seconds * float(GROWTH**self.round)

    def find(self, number: int) -> Trial:
        """Return the trial of that number."""
        return next(one for one in self.trials if one.number == number)

    def to_json(self) -> dict[str, Any]:
        """Return the form for checkpoints."""
        fields = asdict(self)
        return {"contenders": fields.pop("trials"), **fields}


def read_halving(found: dict[str, Any]) -> Halving:
    """Return what `to_json` wrote in this or another version."""
    trials = [_read_trial(one) for one in found["contenders"]]
    reason = found["stop_reason"]
    read = {"trials": trials, "stop_reason": StopReason(reason) if reason else None}
    return Halving(**{**keep_known(Halving, found), **read})


def _read_trial(found: dict[str, Any]) -> Trial:
    scores = [Score(**keep_known(Score, score)) for score in found["scores"]]
    return Trial(**{**keep_known(Trial, found), "recipe": read_recipe(found["recipe"]), "scores": scores})


def open_halving(portfolio: Sequence[Recipe], now: float, ends_at: float, least_seconds: float) -> Halving:
    """Return the halving of as many recipes of `portfolio`, best hope first, as the time allows.

    `least_seconds` is the cost of the least useful training.
    """
    left_seconds = ends_at - now
    size, first = 1, max(FIRST_FACTOR * least_seconds, FIRST_ROUND_TIME_FRACTION * left_seconds)
    while 2 * size <= len(portfolio) and compute_halving_cost(2 * size, first) <= HALVING_TIME_FRACTION * left_seconds:
        size *= 2
    if size == 1:
        first = max(ALONE_FACTOR * least_seconds, FIRST_ROUND_TIME_FRACTION * left_seconds)
    trials = [Trial(number, recipe, now) for number, recipe in enumerate(portfolio[:size], start=1)]
    is_whole = 1 < len(portfolio) < 2 * size
    return Halving(trials, first, ends_at, is_whole, queue=[one.number for one in trials])


def compute_halving_cost(size: int, first_seconds: float) -> float:
    """Return what `size` recipes cost until one is left: each of the log2(size) rounds costs the same."""
    return size * first_seconds * math.log2(size)


def list_next(halving: Halving, devices: int) -> list[int]:
    """Return the numbers of the trials that train at once: one a device, or one on all where fewer are left."""
    return halving.queue[:devices] if len(halving.queue) >= devices else halving.queue[:1]


def choose_length(halving: Halving, left_seconds: float) -> float:
    """Return how long the current trial trains now: all that is left where no further round would fit after it."""
    nominal = halving.round_seconds
    if len(halving.trials) == 1 and left_seconds < (1 + GROWTH) * nominal:
        return left_seconds
    return min(nominal, left_seconds)


def end_round(halving: Halving, left_seconds: float) -> list[Trial]:
    """Open the next round and return the trials that are out of it, worst first.

    The better half stays, or only the best where the time does not allow another round of all of them.
    """
    ranked = sorted(halving.trials, key=lambda one: (-one.value, one.number))
    kept = max(1, len(ranked) // 2)
    halving.round += 1
    if kept > 1 and kept * halving.round_seconds > left_seconds:
        kept = 1
    halving.trials = sorted(ranked[:kept], key=lambda one: one.number)
    halving.queue = [one.number for one in halving.trials]
    return ranked[kept:][::-1]


def find_stop(halving: Halving, held_out: int, left_seconds: float, least_seconds: float) -> StopReason | None:
    """Return why no further round is worthwhile, None where one is; asked when a round has ended.

    `held_out` is the number of images that scores were measured on.
    """
    scores, needed = halving.leader.scores, count_flat_rounds(held_out)
    if len(scores) >= needed - 1 and all(score.value >= CEILING for score in scores[-(needed - 1) :]):
        return StopReason.CEILING
    flat = _judge_flatness(scores, needed) if len(halving.trials) == 1 else None
    if flat is not None:
        return StopReason.TRIALS_EXHAUSTED if halving.is_whole_portfolio else flat
    return StopReason.BUDGET_REACHED if left_seconds < least_seconds else None


def count_flat_rounds(held_out: int) -> int:
    """Return how many rounds without a gain are believed, on scores of so many images."""
    return next(rounds for images, rounds in FLAT_ROUNDS if held_out >= images)


def is_at_ceiling(score: float | None, images: int) -> bool:
    """Return whether one score of so many images is as good as they can show."""
    return score is not None and score >= CEILING and images >= FLAT_ROUNDS[0][0]


def count_plateaus(scores: Sequence[Score]) -> int:
    """Return after how many of a trial's rounds its score was not above all before it by more than noise."""
    befores = (max(score.value for score in scores[:at]) for at in range(1, len(scores)))
    return sum(score.value < before + _find_noise(score) for before, score in zip(befores, scores[1:], strict=True))


def _find_noise(score: Score) -> float:
    return max(LEAST_GAIN, GAIN_IN_ERRORS * score.standard_error)


def _judge_flatness(scores: Sequence[Score], needed: int) -> StopReason | None:
    if len(scores) <= needed:
        return None
    before = max(score.value for score in scores[:-needed])
    recent = max(score.value for score in scores[-needed:])
    if recent >= before + _find_noise(scores[-1]):
        return None
    return StopReason.CONVERGED if recent > before else StopReason.NO_PROGRESS
