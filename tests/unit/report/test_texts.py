"""Texts are cut where they stay readable, and keys and settings become words."""

from typing import Any

import pytest

from darkroom_report.texts import shorten, shorten_middle, show_setting, split_words


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert shorten("&" * 100, 5) == "&&&&…"
    assert shorten("tea", 3) == "tea"


def test_a_name_cut_in_its_middle_keeps_both_ends() -> None:
    assert shorten_middle("Olive oil extra virgin 12", 18) == "Olive oil…irgin 12"
    assert len(shorten_middle("x" * 100, 18)) == 18
    assert shorten_middle("tea", 18) == "tea"


@pytest.mark.parametrize("key", ["peakLearningRate", "peak_learning_rate"])
def test_a_key_becomes_words(key: str) -> None:
    assert split_words(key) == "peak learning rate"


@pytest.mark.parametrize(
    ("value", "text"), [(True, "yes"), (False, "no"), (0.00412345, "0.00412"), (32, "32"), ("a", "a")]
)
def test_a_setting_is_written_for_people(value: Any, text: str) -> None:
    assert show_setting(value) == text
