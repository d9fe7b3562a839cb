"""No digit is in both parts."""

from darkroom_trainer.samples.digits import Part, load_part


def test_no_digit_is_in_both_parts_and_every_digit_in_each() -> None:
    train, evaluation = load_part(Part.TRAIN), load_part(Part.EVALUATION)
    assert len(train.values) == 1440
    assert len(evaluation.values) == 357
    assert set(train.values) == set(evaluation.values) == set(range(10))
    seen = {image.tobytes() for image in train.ink}
    assert not any(image.tobytes() in seen for image in evaluation.ink)
