"""What a model's card tells, and its one number."""

import pytest

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, Task
from darkroom_predict import description
from darkroom_trainer.export import card


def build_card(*labels: str, note: str = "") -> str:
    meter = {"chargedSeconds": 59.31, "allocatedSeconds": 141.5, "attempt": 3, "devices": 2, "milliRate": 500}
    details = {
        "meter": meter,
        "images": {"final": 1440},
        "recipe": {"image_size_px": 64, "batch_size": 32},
        "steps": 900,
        "seed": 7,
        "device": "cpu with 2 threads",
        "budgetSeconds": 60.0,
        "datasetRevision": "abc",
    }
    preprocessing = description.Preprocessing(64, (0.5,), (0.25,))
    model = description.ModelDescription(Task.CLASSIFIER, labels, "test_resnet", preprocessing, 0.0, "v1", "0.1")
    return card.build_card("digits", model, None, details, note)


def test_the_card_tells_both_meters_and_what_is_odd_about_the_model() -> None:
    text = build_card("a|b", *(str(at) for at in range(30)), note="the final fit diverged")
    assert text.startswith("# digits\n\nThe final fit diverged.\n")
    for words in ("59.3 s of 60 s", "141.5 s", "attempt 3", "2 x cpu with 2 threads, milliRate 500", "and 11 more"):
        assert words in text
    assert "a\\|b" in text, "a tag ends no column"
    assert "not measured" in text


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        pytest.param("ripe (red) apple no. 7", "ripe (red) apple no. 7", id="words stay"),
        pytest.param("a|b", r"a\|b", id="a column"),
        pytest.param("red\n\n# Deleted\x1b\u202e", r"red \# Deleted", id="lines and control characters"),
        pytest.param("<script>x</script>", r"\<script\>x\</script\>", id="HTML"),
        pytest.param("![x](https://a.b/c)", r"\!\[x\](https\://a.b/c)", id="an image of another host"),
        pytest.param("WWW.a.b", r"WWW\.a.b", id="an address that becomes a link"),
        pytest.param("`_*~\\&", r"\`\_\*\~\\\&", id="code, emphasis, entities and escapes"),
    ],
)
def test_a_tag_is_shown_as_it_is_and_works_as_no_markup(tag: str, shown: str) -> None:
    text = build_card(tag, "other", note=f"the tag {tag} is rare")
    assert f"| Tags | {shown}, other |" in text
    assert f"\nThe tag {shown} is rare.\n" in text


@pytest.mark.parametrize(
    ("scores", "name"),
    [
        ({"accuracy_top1": 0.5, "average_precision": 0.5}, "accuracyTop1"),
        ({"average_precision": 0.5}, "averagePrecision"),
        ({"mean_average_precision50": 0.5}, "mAP@50"),
    ],
)
def test_the_one_number_has_its_own_name_for_each_task(scores: dict[str, float], name: str) -> None:
    assert card.name_score(Performance(measured_on=MeasuredOn.HOLD_OUT, images=1, score=0.5, **scores)) == name
