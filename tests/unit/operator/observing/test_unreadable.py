"""What is remembered of objects that cannot be read."""

import pytest

from darkroom_operator.api.resources import JOBS, WARNINGS, Resource
from darkroom_operator.facts.reading import Identity, UnreadableObjectError
from darkroom_operator.observing import unreadable
from darkroom_operator.observing.unreadable import Unreadables

ERROR = UnreadableObjectError("Job", "vision", "fruit", "status", "is nonsense")


def an_identity(uid: str = "u", version: int = 5) -> Identity:
    """Return which object it is."""
    return Identity("vision", "fruit", uid, version)


def test_a_version_is_known_until_a_newer_one_comes_or_it_goes() -> None:
    kept = Unreadables()
    kept.note(JOBS, an_identity(), ERROR)
    assert [kept.knows(JOBS, an_identity(version=version)) for version in (4, 5, 6)] == [True, True, False]
    assert "u" in kept
    kept.forget(JOBS, "u")
    assert ("u" in kept, kept.identities(JOBS), kept.counts["Job"]) == (False, [], 1)


@pytest.mark.parametrize(("resource", "kept"), [(WARNINGS, 2), (JOBS, 3)], ids=["not audited", "audited"])
def test_what_no_audit_forgets_has_a_bound(resource: Resource, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "MOST_REMEMBERED", 2)
    objects = Unreadables()
    for uid in ("a", "b", "c"):
        objects.note(resource, an_identity(uid), ERROR)
    assert len(objects.identities(resource)) == kept
