"""`darkroom migrate custom-vision` from its arguments to files, words and exit codes, against a training API."""

import json
import os
import pathlib
import signal
import subprocess
import sys
from typing import Any

import pytest
import yaml

from darkroom_api.run_config import StorageAccess
from darkroom_storage.objects import Storage
from darkroom_trainer import command
from darkroom_trainer.local import manifests
from tests.secret_search import find_leaks, read_files
from tests.support.coco_builders import a_picture, a_scene
from tests.support.examinations import examine_files
from tests.unit.migrate.conftest import Serve
from tests.unit.migrate.recorded_projects import (
    APPLE,
    FRUIT,
    KEY,
    PEAR,
    Json,
    a_detection_project,
    a_larger_project,
    a_multiclass_project,
    a_multilabel_project,
    a_project,
    a_region,
    a_tag,
    a_turned_picture,
    an_id,
    an_image,
    pictures_of,
)
from tests.unit.migrate.training_server import Reply, TrainingServer


def migrate(server: TrainingServer, to: str | pathlib.Path, *more: str, project: str = FRUIT) -> int:
    given = ["--endpoint", server.base, "--project", project, "--to", str(to), *more]
    return command.main(["migrate", "custom-vision", *given])


def read_coco(folder: pathlib.Path, name: str = "train.json") -> Json:
    read: Json = json.loads((folder / name).read_text())
    return read


def list_files(folder: pathlib.Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


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
    types = {
        name.rpartition(".")[2]: storage._s3().head_object(Bucket="vision", Key=f"moved/fruit/{name}")["ContentType"]
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


def a_broken_image(**fields: Any) -> Json:
    return {**an_image(8, APPLE), **fields}


BROKEN = {
    "a picture that is none": (
        {an_id(2): b"<html>gone</html>"}, f"image {an_id(2)}: it is not an image in JPEG, PNG"),
    "a picture that is cut short": (
        {an_id(2): a_scene(2)[:200]}, f"image {an_id(2)}: it is truncated or damaged"),
    "nothing at all": ({an_id(2): b""}, f"image {an_id(2)}: it is empty (0 bytes)"),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "said"), BROKEN.values(), ids=BROKEN)
def test_an_image_that_cannot_be_copied_is_named_and_the_others_are_there(
    changed: dict[str, bytes], said: str,
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    project = a_multiclass_project()
    assert migrate(serve(project, pictures={**pictures_of(project), **changed}), tmp_path) == 1
    err = capsys.readouterr().err
    assert said in err
    assert "not copied; the same command tries again: 1" in err
    assert [entry["file_name"][-5] for entry in read_coco(tmp_path)["images"]] == ["4"] * 3


HOSTILE_IMAGES = {
    "an id that climbs": (a_broken_image(id="../../../etc/cron.d/x"), "image 8 of the project, oldest first: id: "),
    "an id with a slash": (a_broken_image(id="a/b"), "oldest first: id: "),
    "an id that is a number": (a_broken_image(id=10**30), "oldest first: id: Input should be a valid string"),
    "no address": (a_broken_image(originalImageUri=None), "oldest first: originalImageUri: "),
    "a local file as its address": (a_broken_image(originalImageUri="file:///etc/passwd"), f"image {an_id(8)}: "),
    "plain http": (a_broken_image(originalImageUri="http://example.org/a?sig=b"), "it is plain http"),
    "the machine's metadata": (
        a_broken_image(originalImageUri="https://169.254.169.254/latest/?sig=b"), "is a link-local address"),
    "a host of a private network": (
        a_broken_image(originalImageUri="https://10.0.0.7/a?sig=b"), "10.0.0.7 is not a public address; where the host "
        "is your own, give it as --allow-url"),
    "an address that steers a terminal": (
        a_broken_image(originalImageUri="http://a.example/\x1b[2J\ud800?sig=b"), "a.example/\ufffd[2J\ufffd"),
    "tags that are none": (
        a_broken_image(tags="a", originalImageUri="https://b.example/?sig=b"), "tags: Input should be a valid list"),
    "no object": (["image"], "oldest first: the answer: "),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "said"), HOSTILE_IMAGES.values(), ids=HOSTILE_IMAGES)
def test_a_hostile_image_is_named_and_the_others_are_there(
    entry: Any, said: str, serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def add(path: str, value: Any) -> Any:
        return [*value, entry] if path.endswith("/images") and value else value

    target = tmp_path / "to"
    assert migrate(serve(a_multiclass_project(), edit=add, counted=8), target) == 1
    err = capsys.readouterr().err
    assert said in err
    assert "sig=b" not in err
    assert "\x1b" not in err
    assert len(read_coco(target)["images"]) == 4
    assert {name.partition("/")[0] for name in list_files(tmp_path)} == {"to"}


HTML = Reply(200, b"<!DOCTYPE html><html>Sign in</html>")
DEEP = Reply(200, b"[" * 100_000)
ENDINGS = {
    "a page in the place of projects": ("/projects", HTML, "the answer is not JSON; check --endpoint"),
    "a page in the place of images": ("/images", HTML, "/images: the answer is not JSON"),
    "brackets without end": ("/tags", DEEP, "/tags: the answer is not JSON"),
    "a number of 5,000 digits": ("/count", Reply(200, b"9" * 5000), "/images/count: the answer is not JSON"),
    "an object where a list belongs": ("/tags", Reply(200, b"{}"), "the answer: Input should be a valid list"),
    "another domain": ("/domains/" + an_id(1), Reply(200, b'{"type":"Speech"}'), "are ('Speech', 'Multiclass')"),
    "a redirect": ("/projects", Reply(302, b"", {"Location": "https://evil.example/"}), "the service answered 302"),
    "an error of the service": (
        "/tags", Reply(400, b'{"code":"BadRequest","message":"no\\nway"}'), "answered 400 (BadRequest no way)"),
    "a wait of an hour": (
        "/tags", Reply(429, b"", {"Retry-After": "3600"}), "answered 429; the service says that it is asked too often"),
}  # fmt: skip


@pytest.mark.parametrize(("end", "reply", "said"), ENDINGS.values(), ids=ENDINGS)
def test_an_answer_that_is_none_ends_the_migration_with_a_word(
    end: str, reply: Reply, said: str, serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(serve(a_multiclass_project(), faults={end: [reply]}), tmp_path) == 1
    err = capsys.readouterr().err
    assert err.startswith("darkroom migrate: ")
    assert said in err
    assert not (tmp_path / "train.json").exists()


def test_scores_that_cannot_be_read_are_told_and_end_nothing(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(serve(a_multiclass_project(), faults={"/performance": [HTML]}), tmp_path) == 0
    assert "what the old model scored is not known" in capsys.readouterr().err
    assert (tmp_path / "model.yaml").is_file()


HOSTILE_NAMES = {
    "a tag of slashes": (a_tag(APPLE, "../../a/b"), None),
    "a tag in another script": (a_tag(APPLE, "苹果 🍎"), None),
    "a tag with a line end": (a_tag(APPLE, "a\nb"), "its name 'a\\nb' is empty, longer than 256 characters or holds"),
    "a tag of half a character": (a_tag(APPLE, "\ud800"), "rename it in the project"),
    "a tag without a name": (a_tag(APPLE, " "), "rename it in the project"),
    "a tag of another's name": (a_tag(APPLE, "pear"), "two tags are called 'pear'; rename one"),
}


@pytest.mark.parametrize(("tag", "said"), HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_tag_is_taken_as_it_is_called_or_refused(
    tag: Json, said: str | None, serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [an_image(number, (APPLE, PEAR)[number % 2]) for number in range(1, 5)]
    project = a_project("Classification", "Multiclass", images, [a_tag(PEAR, "pear"), tag])
    assert migrate(serve(project), tmp_path) == (0 if said is None else 1)
    if said is None:
        assert tag["name"] in [entry["name"] for entry in read_coco(tmp_path)["categories"]]
        assert examine_files(f"{tmp_path.as_uri()}/train.json", kind="imageClassification").findings.problem_count == 0
    else:
        assert said in capsys.readouterr().err


def test_regions_of_a_picture_that_exif_turns_are_not_trusted(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    region = a_region(APPLE, 0.1, 0.1, 0.2, 0.2)
    images = [an_image(1, APPLE, regions=[region]), an_image(2, APPLE, regions=[region], width=50, height=100)]
    images.append(an_image(3, APPLE, regions=[region], width=50, height=100))
    project = a_project("ObjectDetection", None, images)
    pictures = {an_id(1): a_turned_picture(), an_id(2): a_turned_picture(), an_id(3): a_picture()}
    assert migrate(serve(project, pictures=pictures), tmp_path) == 0
    assert f"image {an_id(1)}: its EXIF block turns it" in capsys.readouterr().err
    assert [(entry["width"], entry["height"]) for entry in read_coco(tmp_path)["images"]] == [(50, 100), (100, 50)]
    assert len(read_coco(tmp_path, "unlabelled.json")["images"]) == 1


def test_neither_key_nor_signature_is_in_any_file_or_message(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(a_larger_project(40), expire_after=33)
    server.pictures[an_id(4)] = b"none"
    server.faults = {an_id(5): [Reply(302, b"", {"Location": "https://example.org/?sig=abcdefgh"})] * 9}
    assert migrate(server, tmp_path) == 1
    out, err = capsys.readouterr()
    left = {**read_files(tmp_path), "out": out.encode(), "err": err.encode()}
    assert find_leaks([KEY, "S3cr3t/0+signature==", "S3cr3t/1+signature==", "abcdefgh"], left) == {}
    assert an_id(4) in err


def test_a_service_that_quotes_the_key_is_not_repeated(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quoting = Reply(400, json.dumps({"code": "BadRequest", "message": f"key {KEY} is wrong"}).encode())
    assert migrate(serve(a_multiclass_project(), faults={"/tags": [quoting]}), tmp_path) == 1
    assert "answered 400 (BadRequest key *** is wrong)" in capsys.readouterr().err


def test_images_of_another_host_are_read_where_the_user_names_it(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = a_multiclass_project()
    images = serve(project)
    server = serve(project, image_host=images.base)
    assert migrate(server, tmp_path) == 1
    assert "localhost is a loopback address" in capsys.readouterr().err
    assert migrate(server, tmp_path, "--allow-url", f"{images.base}/blobs/") == 0
    assert (server.given.total(), images.given.total()) == (0, 6)


KEYS = {
    "none": (None, "VISION_TRAINING_KEY: there is no training key; give it as --key-file"),
    "an empty file": (b"\n", "there is no training key"),
    "two lines": (b"abcd1234\nefgh5678\n", "it holds a line end"),
    "bytes": (b"\xff\xfe", "the training key cannot be read (it is not text)"),
    "another resource's": (b"f" * 32, "answered 401 (401 Access denied); the training key is not this endpoint's"),
}


@pytest.mark.parametrize(("text", "said"), KEYS.values(), ids=KEYS)
def test_a_key_that_does_not_open_is_told_without_showing_it(
    text: bytes | None, said: str,
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server = serve(a_multiclass_project())
    monkeypatch.delenv("VISION_TRAINING_KEY")
    path = tmp_path / "key"
    path.write_bytes(text or b"")
    assert migrate(server, tmp_path / "to", *(["--key-file", str(path)] if text is not None else [])) == 1
    err = capsys.readouterr().err
    assert said in err
    assert not (text and text.decode(errors="replace").split() and text.decode(errors="replace").split()[0] in err)


def test_the_key_may_be_in_a_file(serve: Serve, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(a_multiclass_project())
    monkeypatch.delenv("VISION_TRAINING_KEY")
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert migrate(server, tmp_path / "to", "--key-file", str(tmp_path / "key")) == 0


ENDPOINTS = {
    "plain http": ("http://fruit.example", "--endpoint: give https://NAME.cognitiveservices.azure.com"),
    "no address": ("fruit", "--endpoint: it names no host"),
    "a password in it": ("https://me:secret@fruit.example", "--endpoint: it holds a user name or a password"),
}


@pytest.mark.parametrize(("endpoint", "said"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_an_endpoint_that_is_none_is_told(
    endpoint: str, said: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--endpoint", endpoint, "--project", FRUIT, "--to", str(tmp_path)]
    assert command.main(["migrate", "custom-vision", *given]) == 1
    assert said in capsys.readouterr().err


def test_an_allowed_address_that_is_none_is_told(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(serve(a_multiclass_project()), tmp_path, "--allow-url", "images") == 1
    assert "--allow-url 'images': give an address, as https://HOST" in capsys.readouterr().err


def test_a_project_that_is_not_there_is_told(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(serve(a_multiclass_project()), tmp_path, project="Bread") == 1
    assert "--project: there is no project 'Bread'; the endpoint has 'Fruit & Veg'" in capsys.readouterr().err


def test_a_folder_of_somebody_elses_is_left_alone(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.json").write_text("mine")
    assert migrate(serve(a_multiclass_project()), tmp_path) == 1
    assert "train.json exists and is not of a migration; choose another --to" in capsys.readouterr().err
    assert list_files(tmp_path) == {"train.json"}


def test_a_folder_of_another_project_is_left_alone(
    serve: Serve, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(serve(a_multiclass_project()), tmp_path)
    before = read_files(tmp_path)
    other = a_detection_project()
    other["project"]["id"] = an_id(901)
    assert migrate(serve(other), tmp_path, project=an_id(901)) == 1
    assert f"this is the copy of project {FRUIT}; choose another --to" in capsys.readouterr().err
    assert read_files(tmp_path) == before
