"""How strongly images are varied while a model learns, as a recipe names it: `standard`, `strong+flip+mix`.

Owns the words, and which tags forbid a mirror. Must not touch images.
"""

import dataclasses
import functools
import re
from dataclasses import dataclass
from typing import Final

SCALES: Final = {"light": 0.5, "standard": 1.0, "strong": 1.5}
"""Each variation's limit, as a part of the task's own."""
OPTIONS: Final = ("flip", "mix", "mosaic")
STRONG_TINT: Final = 0.15
STRONG_ERASED: Final = 0.25
SIDES: Final = frozenset({"left", "right", "clockwise", "counterclockwise", "anticlockwise", "cw", "ccw"})
NUMERALS: Final = frozenset(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
SIGNS: Final = frozenset({"digit", "digits", "letter", "letters", "number", "numeral", "character", "text", "word"})


@dataclass(frozen=True)
class AugmentationPolicy:
    """Which variations are made, and how strong.

    `flip` mirrors half of the images, `mix` mixes some with another image and its tags, `mosaic` puts four pictures
    with their boxes into one. An option that a task cannot use changes nothing there.
    """

    name: str = "standard"
    flip: bool = False
    mix: bool = False
    mosaic: bool = False

    @property
    def scale(self) -> float:
        """Return the strength of turns, zooms, shifts and light, as a part of the task's own."""
        return SCALES[self.name]

    @property
    def tint(self) -> float:
        """Return how far each colour may be strengthened or weakened."""
        return STRONG_TINT if self.name == "strong" else 0.0

    @property
    def erased_share(self) -> float:
        """Return the share of images that lose a rectangle."""
        return STRONG_ERASED if self.name == "strong" else 0.0

    @property
    def text(self) -> str:
        """Return the words that `read_policy` takes."""
        return "+".join([self.name, *(option for option in OPTIONS if getattr(self, option))])


STANDARD: Final = AugmentationPolicy()


@functools.lru_cache(maxsize=64)
def read_policy(text: str) -> AugmentationPolicy:
    """Return the policy that `name+option+option` stands for; raises ValueError naming the word that it does not know.

    The name comes first: light, standard or strong. Options: flip, mix, mosaic.
    """
    name, *options = text.split("+")
    if name not in SCALES:
        raise ValueError(f"augmentation {text!r}: {name!r} is not one of {', '.join(SCALES)}")
    for option in options:
        if option not in OPTIONS:
            raise ValueError(f"augmentation {text!r}: {option!r} is not one of {', '.join(OPTIONS)}")
    return AugmentationPolicy(name, **dict.fromkeys(options, True))


def limit_policy(policy: AugmentationPolicy, labels: tuple[str, ...]) -> AugmentationPolicy:
    """Return the policy without a mirror where one of the tags would mean something else in it."""
    return dataclasses.replace(policy, flip=False) if policy.flip and not may_mirror(labels) else policy


def may_mirror(labels: tuple[str, ...]) -> bool:
    """Return whether a mirrored picture keeps its tag, as far as the tags' names tell.

    Not for digits and letters (`7`, `b`, `seven`, `digit 3`, `letter-a`), nor for sides (`arrow left`, `RightHand`).
    """
    return not any(_means_a_side(label) for label in labels)


def _means_a_side(label: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", label)
    lowered = [word.lower() for word in words] or [label]
    if any(word in SIDES or word in SIGNS for word in lowered):
        return True
    is_short = len(label.strip()) == 1 or label.strip().isdigit()
    return is_short or (len(lowered) == 1 and lowered[0] in NUMERALS)
