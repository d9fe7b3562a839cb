"""Replicas and their Lease, for the tests of this folder."""

import pytest

from tests.unit.operator.leadership.replicas import FakeLeases, Replica


@pytest.fixture
def leases() -> FakeLeases:
    return FakeLeases()


@pytest.fixture
def one(leases: FakeLeases) -> Replica:
    return Replica(leases, "one")


@pytest.fixture
def two(leases: FakeLeases) -> Replica:
    return Replica(leases, "two")
