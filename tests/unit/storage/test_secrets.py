"""Nothing that this process has read as a secret is shown."""

from darkroom_storage import secrets


def test_a_secret_that_was_read_is_hidden_wherever_it_stands() -> None:
    secrets.remember(["pA55-phrase-of-the-bucket"])
    assert "pA55" not in secrets.hide("key pA55-phrase-of-the-bucket was refused")
    hidden = secrets.hide_tree({"spec": ["a", {"key": "pA55-phrase-of-the-bucket"}]})
    assert "pA55" not in str(hidden)
    assert hidden["spec"][0] == "a"


def test_what_looks_like_a_signature_is_hidden_though_nobody_read_it() -> None:
    assert "c2VjcmV0" not in secrets.hide("https://h/a.png?sv=1&sig=c2VjcmV0")
