"""Images on their way from the service into the target."""

import pathlib
import threading
from typing import Any

import pytest

from darkroom_api.run_config import StorageAccess
from darkroom_migrate.copying import Failure
from darkroom_storage.errors import BucketMissing
from darkroom_storage.objects import open_storage
from tests.unit.migrate.conftest import Serve
from tests.unit.migrate.migrating import copy
from tests.unit.migrate.recorded_projects import a_larger_project, a_multiclass_project, an_id
from tests.unit.migrate.training_server import Reply


def test_eight_images_are_copied_at_a_time(serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path) -> None:
    together = threading.Barrier(8, timeout=20)
    server = serve(a_larger_project(16), before_image=together.wait)
    assert copy(server, certificate, tmp_path.as_uri()).failures == []
    assert not together.broken


def test_a_page_is_copied_before_the_next_is_asked_for(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    server = serve(a_larger_project(257))
    assert copy(server, certificate, tmp_path.as_uri()).seen == 257
    asked = ["page" if "/images?" in address else "image" for address in server.asked]
    assert asked == ["page", *["image"] * 256, "page", "image", "page"]


def test_a_service_that_gives_one_page_for_ever_ends(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    page: list[Any] = []

    def repeat(path: str, value: Any) -> Any:
        page.extend([] if page else [*value, "no image"])
        return page if path.endswith("/images") else value

    listing = copy(serve(a_multiclass_project(), edit=repeat), certificate, tmp_path.as_uri())
    assert (listing.seen, len(listing.failures)) == (8, 1)


def test_a_service_that_gives_pages_of_anything_ends(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    def spoil(path: str, value: Any) -> Any:
        return ["image", {}] if path.endswith("/images") else value

    listing = copy(serve(a_multiclass_project(), edit=spoil), certificate, tmp_path.as_uri())
    assert (listing.seen, len(listing.failures)) == (2, 2)


def test_images_are_in_the_order_of_their_age_whatever_the_order_of_the_answer(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    listing = copy(serve(a_multiclass_project(), edit=turn_around), certificate, tmp_path.as_uri())
    assert [image.id for image in listing.images] == [an_id(number) for number in range(1, 8)]


def turn_around(path: str, value: Any) -> Any:
    return value[::-1] if path.endswith("/images") else value


FAILURES = {
    "a link that is refused": (Reply(403), "its host answered 403", True),
    "a host that stays busy": (Reply(503), "its host answered 503", True),
    "a body that ends early": (Reply(200, b"half", {"Content-Length": "40"}), "only 4 of 40 bytes came", True),
    "no picture": (Reply(200, b"<html>"), "it is not an image in", False),
}


@pytest.mark.parametrize(("reply", "said", "passing"), FAILURES.values(), ids=FAILURES)
def test_a_failure_names_its_image_and_may_pass(
    reply: Reply, said: str, passing: bool, serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    server = serve(a_multiclass_project(), faults={an_id(3): [reply] * 9})
    [failure] = copy(server, certificate, tmp_path.as_uri(), unwanted=an_id(1)).failures
    assert isinstance(failure, Failure)
    assert (failure.subject, failure.passing) == (f"image {an_id(3)}", passing)
    assert said in str(failure)
    assert server.given.total() == 5


def test_a_target_that_cannot_be_written_ends_everything(
    serve: Serve, certificate: pathlib.Path, access: StorageAccess
) -> None:
    with pytest.raises(BucketMissing, match="s3://nowhere/to/images/"):
        copy(serve(a_multiclass_project()), certificate, "s3://nowhere/to", open_storage(access))
