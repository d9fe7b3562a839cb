"""Why a file is not where its address says, in words that lead to it."""

import unicodedata

import pytest

from darkroom_trainer.data.sources.missing_files import (
    MAX_COMPARED,
    UNEXPLAINED,
    NearbyFiles,
    choose_folders,
)

NFC, NFD = (unicodedata.normalize(form, "boîte.png") for form in ("NFC", "NFD"))


def explain(wanted: str, *names: str) -> str:
    folder = "s3://vision/shop/"
    why = NearbyFiles(folder, [folder + name for name in names]).explain(folder + wanted)
    return why.words + why.advice


@pytest.mark.parametrize(
    ("wanted", "there", "why"),
    [
        pytest.param("img/a.png", "Img/A.PNG", "capital letters count", id="case"),
        pytest.param("img/my cat.png", "img/my_cat.png", "blanks and underscores count", id="a blank"),
        pytest.param("img/cat .png", "img/cat.png", "blanks and underscores count", id="a blank at the end"),
        pytest.param(NFC, NFD, "it looks the same, in another Unicode form", id="Unicode form"),
        pytest.param("my cat.png", "my%20cat.png", "one of the two is percent-encoded", id="an encoded file"),
        pytest.param("img/a.png", "img\\a.png", "the backslash is a part of that name", id="a backslash in a file"),
        pytest.param("IMG/my cat.png", "img/My_Cat.PNG", "it is spelled in another way", id="several at once"),
    ],
)
def test_a_name_that_is_spelled_otherwise_is_found(wanted: str, there: str, why: str) -> None:
    assert explain(wanted, "img/b.png", there) == f", but {there!r} does: {why}; give both the same name"


@pytest.mark.parametrize(
    ("wanted", "there", "says"),
    [
        pytest.param("a.jpg", "a.jpeg", ", but 'a.jpeg' does; fix the ending of the name", id="another ending"),
        pytest.param("a.png", "train/a.png", "'train/a.png' is there: name 's3://vision/shop/train' in imageRoot",
                     id="a folder further down"),
        pytest.param("upload/7/a.png", "img/a.png", "'img/a.png' is there: name 's3://vision/shop/img' in imageRoot",
                     id="another folder"),
        pytest.param("C/img\\a.png", "a.png", "map the names' beginning to it in urlMappings", id="no such folder"),
        pytest.param("tomato-red.png", "tomato-rde.png", "most similar name there is 'tomato-rde.png'", id="a slip"),
        pytest.param("a.png", "images.zip", "'images.zip' is there, and archives are not read: unpack it", id="a zip"),
        pytest.param("images.zip@a.png", "a.png", "unpack 'images.zip' and give the names", id="an entry of a zip"),
        pytest.param("img.ZIP/deep/a.png", "b.png", "unpack 'img.ZIP' and give the names", id="a path into a zip"),
    ],
)  # fmt: skip
def test_the_words_say_what_is_there_instead(wanted: str, there: str, says: str) -> None:
    assert says in explain(wanted, there)


def test_the_neighbour_in_a_numbered_row_is_no_hint() -> None:
    assert explain("000123.png", "000122.png", "000124.png") == UNEXPLAINED.words


def test_an_empty_folder_is_said_to_be_empty() -> None:
    assert explain("a.png") == "; there is no file at all below s3://vision/shop/: upload them or fix the folder"


def test_only_some_names_are_compared_with_all() -> None:
    nearby = NearbyFiles("s3://v/", ["s3://v/tomato-rde.png"])
    causes = [nearby.explain("s3://v/tomato-red.png").cause for _ in range(MAX_COMPARED + 1)]
    assert causes == ["similar"] * MAX_COMPARED + ["nowhere"]


def test_a_local_file_is_named_as_it_is_called() -> None:
    nearby = NearbyFiles("file:///d/my%20data/", ["file:///d/my%20data/A%20%C3%A9.png"])
    assert ", but 'A é.png' does: capital letters count" in nearby.explain("file:///d/my%20data/a%20%C3%A9.png").words


@pytest.mark.parametrize(
    ("uris", "folders"),
    [
        pytest.param(["s3://v/i/a/1.png", "s3://v/i/b/2.png"], ["s3://v/i/", "s3://v/"], id="what all are below"),
        pytest.param(["s3://v/1.png"], ["s3://v/"], id="a whole bucket"),
        pytest.param(["s3://v/a/1.png", "s3://w/2.png"], ["s3://v/a/", "s3://v/"], id="another bucket does not count"),
        pytest.param(["s3://v/a/b/c/d/1.png"], ["s3://v/a/b/c/d/", "s3://v/a/b/c/", "s3://v/a/b/"], id="three at most"),
        pytest.param(["file:///d/i/1.png"], ["file:///d/i/", "file:///d/"], id="not the root of a file system"),
        pytest.param(["https://h/i/1.png"], [], id="no listing of a web server"),
    ],
)
def test_few_folders_are_listed(uris: list[str], folders: list[str]) -> None:
    assert choose_folders(uris) == folders
