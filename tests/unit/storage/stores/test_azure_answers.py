"""Which storage error an answer of Azure Blob is, and what its user is told to do."""

from datetime import UTC, datetime

import pytest

from darkroom_storage.errors import (
    ContainerMissing,
    ObjectMissing,
    PreconditionFailed,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.stores.azure_answers import Refusal, explain_refusal
from darkroom_storage.tokens import ContainerToken

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = ContainerToken("https://account.example/vision/", "sp=r&se=2026-06-01T00:00:00Z&sig=x")
ANSWERS: dict[str, tuple[str, int, type[StorageError], str]] = {
    "no container": ("ContainerNotFound", 404, ContainerMissing, "container vision"),
    "a blob that changed meanwhile": ("ConditionNotMet", 412, StorageUnreachable, "it changed while it was read"),
    "a server that is busy": ("ServerBusy", 503, StorageUnreachable, "503 ServerBusy"),
    "too many calls": ("", 429, StorageUnreachable, "429"),
    "blocks that another writer threw away": ("InvalidBlockList", 400, StorageUnreachable, "InvalidBlockList"),
    "no blob": ("BlobNotFound", 404, ObjectMissing, "does not exist"),
    "an archived blob": ("BlobArchived", 409, StorageRefused, "move it to the hot or the cool tier"),
    "a redirect": ("", 307, StorageRefused, "redirects are not followed"),
    "what nobody foresaw": ("Odd", 400, StorageRefused, "400 Odd; words of the service"),
}


def ask(
    code: str, status: int, token: ContainerToken | None = TOKEN, *, has_key: bool = False, permission: str = "r"
) -> StorageError:
    """Return what an answer to a reading means."""
    found = Refusal(code, status, "words of the service", permission, token, has_key)
    return explain_refusal("az://vision/a.png", found, NOW)


@pytest.mark.parametrize(("code", "status", "kind", "said"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer_means(code: str, status: int, kind: type[StorageError], said: str) -> None:
    error = ask(code, status)
    assert type(error) is kind
    assert said in str(error)
    assert "sig=" not in str(error)


@pytest.mark.parametrize(("code", "status"), [("ConditionNotMet", 412), ("BlobAlreadyExists", 409)])
def test_a_writer_is_told_that_another_one_was_there(code: str, status: int) -> None:
    error = ask(code, status, permission="w")
    assert type(error) is PreconditionFailed
    assert f"{status} {code}" in str(error)


@pytest.mark.parametrize(
    ("token", "has_key", "said"),
    [
        pytest.param(None, False, "it is not public: give AZURE_STORAGE_KEY", id="nothing opens the container"),
        pytest.param(None, True, "check AZURE_STORAGE_KEY", id="a key is refused"),
        pytest.param(TOKEN, False, "make a new token", id="a token is refused that looks good"),
        pytest.param(
            ContainerToken(TOKEN.prefix, "sp=r&se=2025-12-31T00:00:00Z&sig=x"),
            False,
            "expired at 2025-12-31T00:00:00Z",
            id="a token has expired",
        ),
    ],
)
def test_who_may_not_read_is_told_what_to_give(token: ContainerToken | None, has_key: bool, said: str) -> None:
    error = ask("AuthenticationFailed", 403, token, has_key=has_key)
    assert isinstance(error, StorageRefused)
    assert said in str(error)
