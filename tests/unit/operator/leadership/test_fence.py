"""The terms on which replicas elect, and which of them would let two write at once."""

import pytest

from darkroom_operator.leadership.fence import LeaseTerms, TermsError


@pytest.mark.parametrize(
    "times",
    [
        {"lease_seconds": 10, "renew_seconds": 10},
        {"renew_seconds": 4, "retry_seconds": 2},
        {"retry_seconds": 0},
    ],
)
def test_times_with_which_two_could_write_are_refused(times: dict[str, int]) -> None:
    with pytest.raises(TermsError, match="longer"):
        LeaseTerms("system", "darkroom", "one", **times)


def test_a_lease_without_a_namespace_is_refused() -> None:
    with pytest.raises(TermsError, match="NAMESPACE/NAME"):
        LeaseTerms("", "darkroom", "one")
