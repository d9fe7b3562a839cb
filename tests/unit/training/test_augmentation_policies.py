"""How a recipe names its variations, and which tags forbid a mirror."""

import pytest

from darkroom_trainer.augmentation.policies import STANDARD, AugmentationPolicy, limit_policy, may_mirror, read_policy


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("standard", STANDARD),
        ("light", AugmentationPolicy("light")),
        ("strong+mix", AugmentationPolicy("strong", mix=True)),
        ("standard+flip+mosaic", AugmentationPolicy(flip=True, mosaic=True)),
    ],
)
def test_a_policy_and_its_words_stand_for_each_other(text: str, policy: AugmentationPolicy) -> None:
    assert read_policy(text) == policy
    assert policy.text == text


@pytest.mark.parametrize(
    ("text", "word"), [("wild", "wild"), ("", "''"), ("standard+turn", "turn"), ("flip", "flip"), ("standard+", "''")]
)
def test_an_unknown_word_is_named(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_policy(text)


def test_strength_grows_from_light_to_strong() -> None:
    policies = [read_policy(name) for name in ("light", "standard", "strong")]
    scales = [policy.scale for policy in policies]
    assert scales == sorted(set(scales))
    assert [policy.erased_share > 0 for policy in policies] == [False, False, True]


@pytest.mark.parametrize(
    ("labels", "may"),
    [
        pytest.param(("cat", "dog"), True, id="animals"),
        pytest.param(("0", "1"), False, id="digits"),
        pytest.param(("10", "20"), False, id="numbers"),
        pytest.param(("cat", "b"), False, id="a letter among others"),
        pytest.param(("ü", "ß"), False, id="letters beyond ASCII"),
        pytest.param(("zero", "one"), False, id="digits in words"),
        pytest.param(("digit 3",), False, id="a digit with its kind"),
        pytest.param(("letter_a", "letter_b"), False, id="letters with their kind"),
        pytest.param(("arrow left", "arrow right"), False, id="sides"),
        pytest.param(("leftHand", "RIGHT_HAND"), False, id="sides in other spellings"),
        pytest.param(("turn-clockwise",), False, id="a turn"),
        pytest.param(("bright", "cleft", "phone"), True, id="words that only contain such words"),
        pytest.param(("one way street",), True, id="a numeral within a name"),
        pytest.param(("t-shirt", "model 3"), True, id="letters and digits within names"),
        pytest.param((), True, id="no tags"),
    ],
)
def test_pictures_are_mirrored_only_where_tags_keep_their_meaning(labels: tuple[str, ...], may: bool) -> None:
    assert may_mirror(labels) is may
    assert limit_policy(read_policy("strong+flip+mix"), labels) == AugmentationPolicy("strong", flip=may, mix=True)
