"""What is taken out of every text that leaves a run, and what stays."""

import time

import pytest

from darkroom_api.redaction import redact, redact_tree

CLEANED = {
    "a password in a URL": ("at https://me:pass@host/a", "at https://host/a"),
    "a user name in a bucket's address": ("s3://me@bucket/a", "s3://bucket/a"),
    "a shared access signature": ("read https://h/c/a?sv=2022&sr=c&sig=aBc%3D now", "read https://h/c/a?*** now"),
    "a signed URL of S3": ("https://b.test/k?X-Amz-Credential=A&X-Amz-Signature=f", "https://b.test/k?***"),
    "a token in a query": ("https://h/a?token=abc", "https://h/a?***"),
    "a signature alone": ("sv=2022&sig=aBc%3D;", "sv=2022&sig=***"),
    "a header": ("Authorization: Bearer abc.def-ghi", "Authorization: ***"),
    "a header in a mapping": ("{'authorization': 'SharedKey me:abc', 'x': 1}", "{'authorization': ***, 'x': 1}"),
    "a bad header as it is quoted": (
        "ValueError: Invalid header value b'AWS4-HMAC-SHA256 Credential=KEY\\n/2026', again",
        "ValueError: Invalid header value ***, again",
    ),
    "a session token as it is quoted": ("Invalid header value b'FwoGZXIvYXdz\\n'", "Invalid header value ***"),
    "a signature of AWS": ("sent AWS4-HMAC-SHA256 Credential=a/b, Signature=f", "sent AWS4-HMAC-SHA256 ***"),
    "basic credentials": ("Basic dXNlcjpwYXNzd29yZA==", "Basic ***"),
    "the id of an AWS key": ("the key AKIAIOSFODNN7EXAMPLE is unknown", "the key *** is unknown"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "cleaned"), CLEANED.values(), ids=CLEANED.keys())
def test_a_text_loses(text: str, cleaned: str) -> None:
    assert redact(text) == cleaned
    assert redact(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "https://host/image?id=5",
        "s3://bucket/me@home/a.png",
        "file:///home/me@home/a.png",
        "a Basic shirt, the Bearer of news",
        "storage.credentialsSecret: the Secret has no key AWS_ACCESS_KEY_ID",
        "https://host/?",
        "why? because",
        "",
    ],
)
def test_a_text_without_secrets_stays(text: str) -> None:
    assert redact(text) == text


def test_values_that_are_known_are_taken_out_whatever_surrounds_them() -> None:
    assert redact("it said hunter2hunter2!", ["hunter2hunter2"]) == "it said ***!"
    assert redact("b'first-part\\nsecond-part'", ["first-part\nsecond-part"]) == "b'***\\n***'"
    assert redact("a key", ["key"]) == "a key"


def test_every_text_of_a_tree_is_cleaned_and_pictures_and_numbers_stay() -> None:
    signed = "https://h/a?sig=x"
    tree = {signed: [signed, 1, None, True, 0.5], "picture": "data:image/png;base64,AKIAIOSFODNN7EXAMPLE"}
    assert redact_tree(tree) == {"https://h/a?***": ["https://h/a?***", 1, None, True, 0.5], "picture": tree["picture"]}
    assert redact_tree({"error": ValueError(signed)}) == {"error": "https://h/a?***"}


@pytest.mark.parametrize("part", ["://", "a.", "?", "https://a?", "&sig", "sig=", "authorization: ", "Basic ", "'"])
def test_a_strangers_text_is_cleaned_in_time_that_grows_with_its_length(part: str) -> None:
    def measure(length: int) -> float:
        text = part * (length // len(part))
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    measure(20_000)
    assert measure(400_000) < 40 * max(measure(20_000), 0.002)
