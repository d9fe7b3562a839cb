"""Which runs keep decoded images, where, and with which keys."""

from darkroom_api import names
from tests.builders import a_config
from tests.unit.operator.manifests.test_job import WEIGHTS, evaluation, inspection, told_by, training


def test_decoded_images_are_kept_beside_the_folders_of_the_resources_with_the_keys_of_the_output() -> None:
    told = told_by(training())
    assert told.output is not None
    assert told.pictures is not None
    assert told.pictures.uri == f"{told.output.uri.rsplit('/', 2)[0]}/{names.PICTURES_FOLDER}"
    assert told.pictures.storage == told.output.storage
    assert told.pictures.most_bytes == 8 << 30
    less = a_config(trainer={**WEIGHTS["trainer"], "pictureCacheMebibytes": 3})
    assert told_by(training(less)).pictures == told.pictures.model_copy(update={"most_bytes": 3 << 20})


def test_no_image_is_kept_where_the_cache_is_off_or_for_another_run_than_a_training() -> None:
    off = a_config(trainer={**WEIGHTS["trainer"], "pictureCacheMebibytes": 0})
    assert [told_by(job).pictures for job in (training(off), inspection(), evaluation())] == [None] * 3
