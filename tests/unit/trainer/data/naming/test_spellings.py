"""In which spellings a file is looked for, the likeliest first."""

import unicodedata

import pytest

from darkroom_trainer.data.naming.spellings import list_spellings

NFC, NFD = (unicodedata.normalize(form, "boîte.png") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    ("path", "spellings"),
    [
        pytest.param("sub/a b.png", ["sub/a b.png"], id="a plain name in one spelling"),
        pytest.param("./sub//./a.png", ["sub/a.png"], id="without what means nothing in a path"),
        pytest.param("/./a.png", ["/a.png"], id="the first slash stays"),
        pytest.param("sub\\a.png", ["sub\\a.png", "sub/a.png"], id="a backslash as it is, then as a separator"),
        pytest.param(NFC, [NFC, NFD], id="composed letters, then decomposed ones"),
        pytest.param(NFD, [NFD, NFC], id="decomposed letters, then composed ones"),
        pytest.param("a%20b.png", ["a%20b.png", "a b.png"], id="a name as it is, then decoded"),
        pytest.param("100%.png", ["100%.png"], id="a percent sign that encodes nothing"),
        pytest.param("caf%E9.png", ["caf%E9.png"], id="percent-encoded text that is not UTF-8"),
    ],
)
def test_a_name_is_looked_for_as_it_is_and_then_in_other_spellings(path: str, spellings: list[str]) -> None:
    assert list_spellings(path) == spellings


@pytest.mark.parametrize(
    ("path", "spellings"),
    [
        pytest.param("a%20b.png", ["a b.png", "a%20b.png"], id="a blank"),
        pytest.param("bo%C3%AEte.png", [NFC, "bo%C3%AEte.png", NFD], id="a letter with an accent"),
        pytest.param("a%2520b.png", ["a%20b.png", "a%2520b.png"], id="an encoded percent sign, decoded once"),
    ],
)
def test_the_path_of_a_url_is_decoded_first(path: str, spellings: list[str]) -> None:
    assert list_spellings(path, encoded=True) == spellings
