"""What no name and no address may hold, however it is disguised."""

from collections.abc import Callable

import pytest

from darkroom_trainer.data.naming.refusals import AddressProblem, check_name, check_path, check_url


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../a.png", id="plain"),
        pytest.param("a/..\\..\\b.png", id="the Windows way"),
        pytest.param("%2e%2e/a.png", id="percent-encoded"),
        pytest.param("%252e%252E/a.png", id="percent-encoded twice"),
        pytest.param("a%2f..%2f..%2fb.png", id="with encoded slashes"),
        pytest.param("a%5c..%5cb.png", id="with encoded backslashes"),
    ],
)
def test_climbing_is_refused_in_any_disguise(path: str) -> None:
    with pytest.raises(AddressProblem, match="leaves its folder"):
        check_path(path, path)
    with pytest.raises(AddressProblem, match="leaves its folder"):
        check_url(f"https://h/{path}?sig=1", path)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        pytest.param("a%00.png", "holds a NUL character", id="an encoded NUL"),
        pytest.param("%" + "25" * 9 + "2e.png", "several times over", id="encoded over and over"),
        pytest.param("ä/" * 342, "is longer than 1,024 bytes", id="more bytes than a key may have"),
    ],
)
def test_names_that_cannot_be_are_refused(path: str, says: str) -> None:
    with pytest.raises(AddressProblem, match=says):
        check_path(path, path)


@pytest.mark.parametrize("path", ["..a/b..png", "100%.png", "50%25.png", "a.../b.png", "a%20b.png"])
def test_dots_and_percent_signs_in_names_are_welcome(path: str) -> None:
    check_path(path, path, is_local=True)


def check_written(name: str) -> None:
    check_path(name, name)


@pytest.mark.parametrize(
    ("check", "name", "beginning"),
    [
        pytest.param(check_written, "../../tool/7/a.png", "../../tool/7/", id="below another machine's folder"),
        pytest.param(check_name, "C:\\Users\\kim\\a.png", "C:\\\\Users\\\\kim\\\\", id="on a drive"),
        pytest.param(check_name, "/data/local/a.png", "/data/local/", id="absolute"),
    ],
)
def test_the_words_name_the_beginning_to_map(check: Callable[[str], None], name: str, beginning: str) -> None:
    with pytest.raises(AddressProblem) as error:
        check(name)
    assert f"urlMappings, from '{beginning}' to the folder of the images" in str(error.value)
