"""How hard the fuzzers try: `DARKROOM_FUZZ_EXAMPLES` sets the examples of each test (60 when absent)."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("DARKROOM_FUZZ_EXAMPLES", "60"))
fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
