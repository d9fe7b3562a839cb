"""All rows of the API fault matrix."""

from typing import Final

from tests.faults import drift, lifecycle, refusals, stale

ALL_CASES: Final = (*stale.CASES, *refusals.CASES, *lifecycle.CASES, *drift.CASES)
