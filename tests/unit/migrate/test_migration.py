"""What a migration says that it did."""

import pathlib
import ssl
from typing import Any

from darkroom_api.endpoints import Reach, list_endpoints
from darkroom_migrate.calls import Caller
from darkroom_migrate.labels import Use
from darkroom_migrate.migration import Migrated, Target, migrate_project
from darkroom_migrate.training_api import TrainingApi, find_base
from darkroom_storage.objects import open_storage
from tests.local_storage import LOCAL
from tests.support.coco_builders import a_picture
from tests.unit.migrate.conftest import Serve
from tests.unit.migrate.recorded_projects import APPLE, FRUIT, KEY, a_multiclass_project, an_id, an_image, pictures_of
from tests.unit.migrate.training_server import Reply, TrainingServer


def migrate(server: TrainingServer, certificate: pathlib.Path, folder: pathlib.Path) -> tuple[Migrated, list[str]]:
    reach = Reach(allowed_endpoints=list_endpoints([server.base]), own_machine=True)
    caller = Caller(reach, ssl.create_default_context(cafile=certificate), patience_seconds=0.2)
    shown: list[str] = []
    target = Target(open_storage(LOCAL), folder.as_uri())
    migrated = migrate_project(TrainingApi(find_base(server.base), KEY, caller), caller, FRUIT, target, shown.append)
    return migrated, shown


def test_images_are_counted_by_where_they_belong(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    migrated, shown = migrate(serve(a_multiclass_project()), certificate, tmp_path)
    assert migrated.images == {Use.TRAINING: 4, Use.UNLABELLED: 2, Use.LEFT_OUT: 1}
    assert (migrated.copied, migrated.failures, len(migrated.remarks)) == (6, (), 1)
    assert shown == ["7 of 7 images listed, 6 copied"]
    again, _ = migrate(serve(a_multiclass_project()), certificate, tmp_path)
    assert (again.copied, again.images) == (0, migrated.images)


def test_the_list_is_read_three_times_for_an_image_that_is_never_given(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    server = serve(a_multiclass_project(), faults={an_id(2): [Reply(403)] * 9})
    migrated, _ = migrate(server, certificate, tmp_path)
    assert [failure.subject for failure in migrated.failures] == [f"image {an_id(2)}"]
    assert migrated.images[Use.TRAINING] == 3
    assert sum("/images?" in address and "skip=0" in address for address in server.asked) == 3
    assert sum(an_id(2) in address for address in server.asked) == 3
    assert server.given.total() == 5


def test_the_list_is_read_again_where_the_project_counts_more_images(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    project = a_multiclass_project()

    def upload(path: str, value: Any) -> Any:
        if path.endswith("/images") and not value and len(project["images"]) == 7:
            project["images"].append(an_image(8, APPLE))
        return value

    server = serve(project, edit=upload, pictures={**pictures_of(project), an_id(8): a_picture()})
    migrated, _ = migrate(server, certificate, tmp_path)
    assert (migrated.failures, migrated.images[Use.TRAINING]) == ((), 5)
    assert set(server.given.values()) == {1}


def test_an_image_that_is_no_picture_is_not_fetched_again_in_the_same_run(
    serve: Serve, certificate: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    server = serve(a_multiclass_project(), faults={an_id(2): [Reply(200, b"<html>")] * 9})
    migrated, _ = migrate(server, certificate, tmp_path)
    assert [failure.passing for failure in migrated.failures] == [False]
    assert sum(an_id(2) in address for address in server.asked) == 1
