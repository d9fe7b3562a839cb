"""How hard the fuzzers try.

`DARKROOM_FUZZ_EXAMPLES` sets the examples of each test; without it there are 60, the same ones every time. Where it is
set they are others in each run, or those of `--hypothesis-seed=N`.
"""

import os
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES: Final = os.environ.get("DARKROOM_FUZZ_EXAMPLES")
LONGEST_SECONDS: Final = 60 + int(EXAMPLES or 0)
"""How long a test may take. A time limit that ends an example in the middle looks like an example that fails."""


def fuzzed(test: Callable[..., None]) -> Any:
    """Give a test of hypothesis its effort."""
    effort = settings(
        max_examples=int(EXAMPLES or 60),
        deadline=None,
        derandomize=EXAMPLES is None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    return pytest.mark.timeout(LONGEST_SECONDS)(effort(test))
