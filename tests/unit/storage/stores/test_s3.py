"""The pages of a bucket's listing, and what each of its answers means."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from darkroom_storage.errors import (
    BucketMissing,
    ObjectMissing,
    PreconditionFailed,
    StorageError,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.stores import s3
from darkroom_storage.stores.s3 import S3Store
from tests.local_storage import LOCAL


@pytest.mark.parametrize("token", ["again", None])
def test_a_listing_that_goes_in_a_circle_is_refused(token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"IsTruncated": True, **({"NextContinuationToken": token} if token else {})}
    monkeypatch.setattr(S3Store, "_list_page", lambda *_: page)
    with pytest.raises(StorageRefused, match="its listing has no end"):
        list(S3Store(LOCAL, {}, "").iterate_objects("s3://b/in/", 0))


class FailingPages(S3Store):
    """A bucket of three pages, of which the second is refused as often as told."""

    def __init__(self, failures: int) -> None:
        super().__init__(LOCAL, {}, "")
        self.asked: list[str | None] = []
        self._failures = failures

    def _list_page(self, bucket: str, prefix: str, more: dict[str, Any]) -> Any:
        page = more.get("ContinuationToken")
        self.asked.append(page)
        if page == "1" and self.asked.count("1") <= self._failures:
            raise StorageUnreachable(f"s3://{bucket}/{prefix}", "SlowDown")
        number = int(page or 0)
        entries = [{"Key": f"{prefix}{number}", "Size": number}]
        return {"Contents": entries, "IsTruncated": number < 2, "NextContinuationToken": str(number + 1)}


def test_of_a_long_listing_only_the_page_that_failed_is_asked_for_again() -> None:
    pages = FailingPages(failures=2)
    assert [one.uri for one in pages.iterate_objects("s3://b/in/", 20)] == [f"s3://b/in/{page}" for page in range(3)]
    assert pages.asked == [None, "1", "1", "1", "2"]
    with pytest.raises(StorageUnreachable, match="SlowDown"):
        list(FailingPages(failures=1).iterate_objects("s3://b/in/", 0))


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        pytest.param("AccessDenied", 403, StorageRefused, id="no permission"),
        pytest.param("InvalidAccessKeyId", 403, StorageRefused, id="an unknown key"),
        pytest.param("SignatureDoesNotMatch", 403, StorageRefused, id="a wrong secret"),
        pytest.param("PermanentRedirect", 301, StorageRefused, id="another region's bucket"),
        pytest.param("NoSuchKey", 404, ObjectMissing, id="no object"),
        pytest.param("NoSuchBucket", 404, BucketMissing, id="no bucket"),
        pytest.param("PreconditionFailed", 412, PreconditionFailed, id="it exists"),
        pytest.param("SlowDown", 503, StorageUnreachable, id="too many requests"),
        pytest.param("InternalError", 500, StorageUnreachable, id="a service in trouble"),
    ],
)
def test_answers_are_sorted_by_what_can_be_done(code: str, status: int, kind: type[StorageError]) -> None:
    answer = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = s3._explain_answer("s3://b/k", ClientError(answer, "GetObject"))  # type: ignore[arg-type]
    assert type(error) is kind
    assert "s3://b/k" in str(error)
