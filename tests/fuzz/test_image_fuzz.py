"""Random and damaged images: only ImageProblem may come out of their reader."""

from collections.abc import Callable

from hypothesis import given, strategies as st

from darkroom_predict.images import ImageProblem, examine_picture, open_picture
from darkroom_trainer.data.records.looks import measure_look
from tests.fuzz.effort import fuzzed
from tests.support.coco_builders import a_scene


@fuzzed
@given(
    form=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "ICO", "BMP"]),
    places=st.lists(st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6),
    cut=st.integers(0, 5000),
)
def test_a_damaged_image_is_refused_by_name_or_read(form: str, places: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(a_scene(1, 48, 48, form))
    for place, patch in places:
        begin = place % len(data)
        data[begin : begin + len(patch)] = patch
    _try_both(bytes(data[: max(1, cut % (2 * len(data)))]))


@fuzzed
@given(data=st.binary(max_size=200))
def test_random_bytes_are_no_image(data: bytes) -> None:
    _try_both(data)


def _try_both(data: bytes) -> None:
    actions: list[Callable[[bytes], object]] = [
        lambda data: examine_picture(data, lambda picture, _orientation: measure_look(data, picture)),
        open_picture,
    ]
    for action in actions:
        try:
            action(data)
        except ImageProblem:
            continue
