"""`darkroom migrate custom-vision` where the service, its answers or its user's arguments are not good."""

import json
import pathlib
from typing import Any

import pytest

from darkroom_trainer import command
from tests.secret_search import find_leaks, read_files
from tests.support.coco_builders import a_picture, a_scene
from tests.support.examinations import examine_files
from tests.unit.migrate.conftest import Serve
from tests.unit.migrate.migrating import list_files, migrate, read_coco
from tests.unit.migrate.recorded_projects import (
    APPLE,
    FRUIT,
    KEY,
    PEAR,
    Json,
    a_detection_project,
    a_larger_project,
    a_multiclass_project,
    a_project,
    a_region,
    a_tag,
    a_turned_picture,
    an_id,
    an_image,
    pictures_of,
)
from tests.unit.migrate.training_server import Reply


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
