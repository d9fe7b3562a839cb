"""A project migrated by a test: by the command, or copied by the class that does it."""

import json
import pathlib
import ssl

from darkroom_api.endpoints import Reach, list_endpoints
from darkroom_migrate.answers import Project
from darkroom_migrate.calls import Caller
from darkroom_migrate.copying import Copier, Listing, list_and_copy
from darkroom_migrate.journal import Journal
from darkroom_migrate.training_api import TrainingApi, find_base
from darkroom_storage.objects import Storage, open_storage
from darkroom_trainer import command
from tests.local_storage import LOCAL
from tests.unit.migrate.recorded_projects import (
    FRUIT,
    KEY,
    Json,
)
from tests.unit.migrate.training_server import TrainingServer


def migrate(server: TrainingServer, to: str | pathlib.Path, *more: str, project: str = FRUIT) -> int:
    given = ["--endpoint", server.base, "--project", project, "--to", str(to), *more]
    return command.main(["migrate", "custom-vision", *given])


def read_coco(folder: pathlib.Path, name: str = "train.json") -> Json:
    read: Json = json.loads((folder / name).read_text())
    return read


def list_files(folder: pathlib.Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def copy(
    server: TrainingServer, certificate: pathlib.Path, root: str, storage: Storage | None = None, unwanted: str = ""
) -> Listing:
    reach = Reach(allowed_endpoints=list_endpoints([server.base]), own_machine=True)
    caller = Caller(reach, ssl.create_default_context(cafile=certificate), patience_seconds=0.2)
    api = TrainingApi(find_base(server.base), KEY, caller)
    place = storage or open_storage(LOCAL)
    project = Project.model_validate(server.recorded["project"])
    copier = Copier(caller, place, root, Journal(place, root, project.id))
    return list_and_copy(api, project, copier, lambda image: image.id != unwanted, lambda _seen: None)
