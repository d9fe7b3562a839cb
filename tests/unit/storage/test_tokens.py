"""Which address gets which shared access signature."""

import pytest

from darkroom_storage.tokens import add_token, find_tokens, read_token

URL = "https://Account.blob.test/fruit?sv=2022&sr=c&sig=aBc%3D"
QUERY = "sv=2022&sr=c&sig=aBc%3D"

OPENED = {
    "a file of the container": ("https://account.blob.test/fruit/a.png", True),
    "a file further down": ("https://account.blob.test/fruit/deep/a%20b.png", True),
    "the host in capitals": ("https://ACCOUNT.blob.test/fruit/a.png", True),
    "another container": ("https://account.blob.test/vegetables/a.png", False),
    "a container whose name begins alike": ("https://account.blob.test/fruits/a.png", False),
    "another host": ("https://other.blob.test/fruit/a.png", False),
    "another port": ("https://account.blob.test:8443/fruit/a.png", False),
    "plain http": ("http://account.blob.test/fruit/a.png", False),
    "a way out of the container": ("https://account.blob.test/fruit/../vegetables/a.png", False),
    "a way out in disguise": ("https://account.blob.test/fruit/%2e%2e/vegetables/a.png", False),
    "an address with a token of its own": ("https://account.blob.test/fruit/a.png?sig=own", False),
    "a bucket": ("s3://fruit/a.png", False),
}


@pytest.mark.parametrize(("uri", "opened"), OPENED.values(), ids=OPENED.keys())
def test_a_token_is_sent_below_its_container_only(uri: str, opened: bool) -> None:
    assert add_token(uri, [read_token(URL)]) == (f"{uri}?{QUERY}" if opened else uri)


def test_a_token_of_a_folder_opens_that_folder_only() -> None:
    token = read_token(f"https://account.blob.test/fruit/june/?{QUERY}")
    assert token.opens("https://account.blob.test/fruit/june/a.png")
    assert not token.opens("https://account.blob.test/fruit/may/a.png")


@pytest.mark.parametrize(
    "url",
    ["https://h.test/c", "https://h.test/c?sv=1", "http://h.test/c?sig=x", "sv=1&sig=x", "https://u:p@h.test/c?sig=x"],
)
def test_what_is_no_url_with_a_token_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="URL of a container with its token") as error:
        read_token(url)
    assert url not in str(error.value)


FOUND = {
    "of its container": ("https://h.test/fruit/june/train.json?sr=c&sig=x", "https://h.test/fruit/a.png", True),
    "of its file alone": ("https://h.test/fruit/june/train.json?sr=b&sig=x", "https://h.test/fruit/a.png", False),
    "of an account": ("https://h.test/fruit/train.json?ss=b&srt=o&sig=x", "https://h.test/fruit/a.png", True),
    "of an account, for another container": (
        "https://h.test/fruit/train.json?ss=b&srt=o&sig=x", "https://h.test/other/a.png", False
    ),
    "of another kind": ("https://h.test/fruit/train.json?id=7", "https://h.test/fruit/a.png", False),
    "of plain http": ("http://h.test/fruit/train.json?sr=c&sig=x", "https://h.test/fruit/a.png", False),
}  # fmt: skip


@pytest.mark.parametrize(("file", "image", "opened"), FOUND.values(), ids=FOUND.keys())
def test_an_annotation_file_with_a_token(file: str, image: str, opened: bool) -> None:
    assert ("?" in add_token(image, find_tokens([file]))) is opened
