"""`darkroom migrate custom-vision` from its arguments to files, words and exit codes, against a training API."""

import os
import pathlib
import signal
import subprocess
import sys
from typing import Any

import boto3
import pytest
import yaml

from darkroom_api.run_config import StorageAccess
from darkroom_storage.objects import Storage
from darkroom_trainer import command
from darkroom_trainer.local import manifests
from tests.secret_search import read_files
from tests.support.coco_builders import a_picture
from tests.support.examinations import examine_files
from tests.unit.migrate.conftest import Serve
from tests.unit.migrate.migrating import list_files, migrate, read_coco
from tests.unit.migrate.recorded_projects import (
    APPLE,
    FRUIT,
    a_detection_project,
    a_larger_project,
    a_multiclass_project,
    a_multilabel_project,
    an_id,
    an_image,
)
from tests.unit.migrate.training_server import Reply

KINDS = {
    "one tag an image": (a_multiclass_project, "imageClassification", "classifier", [1, 2, 3, 4], [5, 6], 0),
    "any number of tags": (
        a_multilabel_project, "imageMultilabelClassification", "multilabelClassifier", [1, 2, 3, 5], [4], 0,
    ),
    "boxes": (a_detection_project, "imageObjectDetection", "detector", [1, 2, 3, 4, 5], [6, 7], 0),
}  # fmt: skip


@pytest.mark.parametrize(("build", "kind", "task", "taught", "unlabelled", "code"), KINDS.values(), ids=KINDS)
def test_a_migrated_project_passes_darkrooms_own_inspection(
    build: Any, kind: str, task: str, taught: list[int], unlabelled: list[int], code: int,
    serve: Serve, tmp_path: pathlib.Path,
) -> None:  # fmt: skip
    assert migrate(serve(build()), tmp_path) == code
    examined = examine_files(f"{tmp_path.as_uri()}/train.json", kind=kind)
    assert [problem.message for problem in examined.findings.problems] == []
    assert examined.findings.problem_count == 0
    names = {name: [entry["file_name"] for entry in read_coco(tmp_path, name)["images"]] for name in (
        "train.json", "unlabelled.json",
    )}  # fmt: skip
    forms = {1: "jpg"}
    assert names["train.json"] == [f"images/{an_id(number)}.{forms.get(number, 'png')}" for number in taught]
    assert names["unlabelled.json"] == [f"images/{an_id(number)}.png" for number in unlabelled]
    assert [entry["name"] for entry in read_coco(tmp_path)["categories"]] == ["apple", "pear"]
    read = manifests.read_manifests([str(tmp_path / "dataset.yaml"), str(tmp_path / "model.yaml")])
    assert [(entry.kind.name, entry.name) for entry in read.resources] == [
        ("Dataset", "fruit-veg"),
        ("Model", "fruit-veg"),
    ]
    dataset, model = (entry.raw_spec for entry in read.resources)
    assert dataset == {"annotationKind": kind, "annotationFiles": ["file:train.json"]}
    assert model == {"task": task, "dataset": "fruit-veg", "budget": "1h"}


def test_boxes_are_cut_at_the_edges_and_those_without_a_size_are_named(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(serve(a_detection_project()), tmp_path) == 0
    found = [(entry["image_id"], entry["category_id"], entry["bbox"]) for entry in read_coco(tmp_path)["annotations"]]
    assert found == [
        (1, 1, [0.1, 0.2, 0.3, 0.4]),
        (2, 2, [0.0, 0.5, pytest.approx(0.3), 0.5]),
        (2, 1, [0.5, 0.5, 0.25, 0.25]),
        (3, 1, [0.1, 0.1, 0.2, 0.2]),
        (4, 2, [0.25, 0.25, 0.5, 0.5]),
    ]
    err = capsys.readouterr().err
    assert f"image {an_id(3)}: region '{an_id(71)}' has no area inside the image, and is left out" in err
    assert f"image {an_id(7)}: has a tag and no region; draw one around what it names" in err


def test_an_image_of_two_tags_is_named_and_negative_ones_are_counted(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(a_multiclass_project())
    assert migrate(server, tmp_path) == 0
    out, err = capsys.readouterr()
    assert f"image {an_id(5)}: has 2 tags ('apple', 'pear') in a project of one tag an image; leave it one" in err
    assert "left out for having the Negative tag only: 1" in out
    assert server.given[an_id(7)] == 0
    assert "train.json: 4 images, imageClassification; unlabelled.json: 2 images" in out
    assert f"next: darkroom run -f {tmp_path}/dataset.yaml -f {tmp_path}/model.yaml --output OUT" in out


def test_the_commands_of_the_docs_write_what_the_docs_say(
    serve: Serve, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (pathlib.Path(__file__).parents[3] / "docs/migration.md").read_text().partition("## A project of Custom")[2]
    [migrating, training] = [line for line in page.splitlines() if line.startswith("darkroom ")]
    project = a_multiclass_project()
    project["project"]["name"] = "fruit"
    server = serve(project)
    monkeypatch.chdir(tmp_path)
    assert command.main(migrating.replace("https://NAME.cognitiveservices.azure.com", server.base).split()[1:]) == 0
    table = page.partition("| File | What it holds |")[2].partition("\n\n")[0]
    documented = {name for row in table.splitlines()[2:] for name in row.split("|")[1].split("`")[1::2]}
    written = {name if "images/" not in name else f"images/ID{name[-4:]}" for name in list_files(tmp_path / "fruit")}
    assert written == documented - {".png"} | {"images/ID.png"}
    paths = [word for word in training.split() if word.endswith(".yaml")]
    assert [entry.kind.name for entry in manifests.read_manifests(paths).resources] == ["Dataset", "Model"]


def test_what_the_newest_iteration_scored_is_a_comment_of_the_model(serve: Serve, tmp_path: pathlib.Path) -> None:
    migrate(serve(a_multiclass_project()), tmp_path)
    comments = [line for line in (tmp_path / "model.yaml").read_text().splitlines() if line.startswith("#")]
    assert comments == [
        '# What the iteration "Iteration 2" of 2024-05-03T10:00:00.000Z scored, on images of its own choice:',
        "# all tags: precision 0.900, recall 0.750, average precision 0.812",
        '# "apple": precision 1.000, recall 0.500',
    ]


def test_the_project_may_be_given_by_its_name(serve: Serve, tmp_path: pathlib.Path) -> None:
    assert migrate(serve(a_multiclass_project()), tmp_path, project="Fruit & Veg") == 0
    assert read_coco(tmp_path)["images"]


def test_a_bucket_gets_the_same_files_with_their_media_types(
    serve: Serve, tmp_path: pathlib.Path, access: StorageAccess, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(a_detection_project())
    migrate(server, tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert migrate(server, "s3://vision/moved/fruit/", "--storage-endpoint", str(access.endpoint)) == 0
    names = [uri.removeprefix("s3://vision/moved/fruit/") for uri in storage.list_uris("s3://vision/moved/fruit/")]
    assert set(names) == list_files(tmp_path)
    same = [name for name in names if name != "dataset.yaml"]
    assert [storage.read_bytes(f"s3://vision/moved/fruit/{name}") for name in same] == [
        (tmp_path / name).read_bytes() for name in same
    ]
    bucket = boto3.client("s3", endpoint_url=access.endpoint)
    types = {
        name.rpartition(".")[2]: bucket.head_object(Bucket="vision", Key=f"moved/fruit/{name}")["ContentType"]
        for name in names
    }
    assert types == {"jpg": "image/jpeg", "png": "image/png", "json": "application/json", "yaml": "application/yaml"}
    spec = yaml.safe_load(storage.read_bytes("s3://vision/moved/fruit/dataset.yaml"))["spec"]
    assert spec == {
        "annotationKind": "imageObjectDetection",
        "annotationFiles": ["s3://vision/moved/fruit/train.json"],
        "storage": {"endpoint": access.endpoint},
    }
    examined = examine_files("s3://vision/moved/fruit/train.json", storage=access)
    assert examined.findings.problem_count == 0


def test_a_second_run_fetches_no_image_and_writes_the_same_bytes(serve: Serve, tmp_path: pathlib.Path) -> None:
    server = serve(a_multiclass_project())
    migrate(server, tmp_path)
    before, fetched = read_files(tmp_path), server.given.total()
    assert migrate(server, tmp_path) == 0
    assert (read_files(tmp_path), server.given.total()) == (before, fetched)


def test_an_image_that_was_deleted_is_copied_again(serve: Serve, tmp_path: pathlib.Path) -> None:
    server = serve(a_multiclass_project())
    migrate(server, tmp_path)
    before = read_files(tmp_path)
    (tmp_path / f"images/{an_id(2)}.png").unlink()
    assert migrate(server, tmp_path) == 0
    assert read_files(tmp_path) == before
    assert server.given == {an_id(number): 1 + (number == 2) for number in range(1, 7)}


def test_manifests_that_their_user_changed_are_kept(serve: Serve, tmp_path: pathlib.Path) -> None:
    server = serve(a_multiclass_project())
    migrate(server, tmp_path)
    (tmp_path / "model.yaml").write_text("mine")
    (tmp_path / "train.json").write_text("broken")
    migrate(server, tmp_path)
    assert (tmp_path / "model.yaml").read_text() == "mine"
    assert len(read_coco(tmp_path)["images"]) == 4


def test_a_run_that_was_killed_is_gone_on_with(serve: Serve, tmp_path: pathlib.Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    project = a_larger_project(80)
    assert migrate(serve(project), whole) == 0
    killed: list[subprocess.Popen[str]] = []

    def kill(given: int) -> None:
        if given == 50:
            killed[0].send_signal(signal.SIGKILL)

    server = serve(project, on_image=kill)
    arguments = ["--endpoint", server.base, "--project", FRUIT, "--to", str(cut)]
    started = [sys.executable, "-m", "darkroom_trainer.command", "migrate", "custom-vision", *arguments]
    with server.lock:  # so that no image is given before it is known whom to kill
        killed.append(subprocess.Popen(started, env=dict(os.environ), text=True))
    assert killed[0].wait(50) == -signal.SIGKILL
    assert not (cut / "train.json").exists()
    first = server.given.total()
    server.on_image = lambda _given: None
    assert migrate(server, cut) == 0
    assert server.given.total() - first == 80 - 32, "one batch of 32 was in the journal"
    copied = {name: data for name, data in read_files(cut).items() if ".part-" not in name}
    assert {name.removeprefix(str(cut)): data for name, data in copied.items()} == {
        name.removeprefix(str(whole)): data for name, data in read_files(whole).items()
    }


def test_links_that_expire_while_images_are_copied_are_asked_for_again(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(a_larger_project(40), expire_after=35)
    assert migrate(server, tmp_path) == 0
    assert set(server.given.values()) == {1}
    assert len(read_coco(tmp_path)["images"]) == 40
    assert "the list is read again" in capsys.readouterr().err


def test_a_busy_service_is_asked_again_when_it_says_so(serve: Serve, tmp_path: pathlib.Path) -> None:
    busy = Reply(429, b'{"code":"429","message":"Rate limit is exceeded."}', {"Retry-After": "1"})
    server = serve(a_multiclass_project(), faults={"/tags": [busy], an_id(2): [Reply(503, b"Server Busy"), Reply(429)]})
    assert migrate(server, tmp_path) == 0
    assert server.given[an_id(2)] == 1


def test_images_that_come_while_the_list_is_read_are_copied_too(serve: Serve, tmp_path: pathlib.Path) -> None:
    project = a_multiclass_project()
    server = serve(project)
    late = an_image(21, APPLE)
    server.pictures[late["id"]] = a_picture(60, 40)
    server.on_image = lambda given: project["images"].append(late) if given == 6 else None
    assert migrate(server, tmp_path) == 0
    assert [entry["width"] for entry in read_coco(tmp_path)["images"]] == [100, 100, 100, 100, 60]


def test_a_project_that_never_holds_still_is_told(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(serve(a_multiclass_project(), counted=9), tmp_path) == 1
    err = capsys.readouterr().err
    assert "7 images are listed and 9 counted; leave it alone and run the same command again" in err


def test_every_image_is_listed_though_pages_are_short(serve: Serve, tmp_path: pathlib.Path) -> None:
    def shorten(path: str, value: Any) -> Any:
        return value[:3] if path.endswith("/images") else value

    server = serve(a_multiclass_project(), edit=shorten)
    assert migrate(server, tmp_path) == 0
    pages = [address for address in server.asked if "/images?" in address]
    assert [address.partition("/images?")[2] for address in pages] == [
        f"orderBy=Oldest&take=256&skip={skip}&taggingStatus=All" for skip in (0, 3, 6, 7)
    ]
