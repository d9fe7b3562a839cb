"""Which folders of images may be answered for whom."""

import dataclasses
import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Weights
from darkroom_trainer.local.config import Permits, Target
from darkroom_trainer.local.decide.permitted_images import find_forbidden_images
from tests.unit.trainer.run_builders import a_prediction, parse

FORBIDDEN: dict[str, tuple[str, str]] = {
    "another folder": ("{base}/other", "is in no folder that this server may read"),
    "a folder whose name only begins alike": ("{base}/data-2", "is in no folder"),
    "a way out in disguise": ("{base}/data/%2e%2e/other", "is in no folder"),
    "a way out by a link": ("{base}/data/link", "is in no folder"),
    "a folder of the server itself": ("file:data", "is in no folder"),
    "a folder of another host": ("file://host/data", "'host' is read as a host"),
}


def a_target(folder: pathlib.Path, uri: str) -> Target:
    """Return a Prediction over a folder; whoever wrote it is this machine's own user."""
    manifest = parse(folder / "resource", a_prediction(images={"uri": uri}))
    return Target(manifest, "5a0c", folder / "out", Weights())


def permit(target: Target, folder: pathlib.Path) -> Target:
    return dataclasses.replace(target, permits=Permits((), (folder / "data",), folder / "secrets"))


@pytest.mark.parametrize(("uri", "says"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_who_is_not_this_machines_user_may_not_have_answered(uri: str, says: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "other")
    blocker = find_forbidden_images(permit(a_target(tmp_path, uri.format(base=tmp_path.as_uri())), tmp_path))
    assert blocker is not None
    assert (blocker.reason, blocker.final) == (Reason.NOT_ALLOWED, True)
    assert blocker.message.startswith("images.uri: ")
    assert says in blocker.message


def test_who_is_not_this_machines_user_may_have_permitted_images_answered(tmp_path: pathlib.Path) -> None:
    for uri in (f"{tmp_path.as_uri()}/data/new", "s3://vision/new"):
        assert find_forbidden_images(permit(a_target(tmp_path, uri), tmp_path)) is None
    assert find_forbidden_images(a_target(tmp_path, "file:///anywhere")) is None, "this machine's own user"
