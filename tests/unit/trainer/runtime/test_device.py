"""How many devices a run may ask for."""

import pytest

from darkroom_api import conditions
from darkroom_trainer.runtime import device, errors


@pytest.mark.parametrize(("wanted", "present", "is_refused"), [(1, 1, False), (4, 4, False), (4, 2, True)])
def test_more_devices_than_there_are_is_refused_by_field(wanted: int, present: int, is_refused: bool) -> None:
    if not is_refused:
        device.check_device_count(wanted, present)
        return
    with pytest.raises(errors.RunError, match=r"^compute\.devices: 4 .* sees 2$") as caught:
        device.check_device_count(wanted, present)
    assert caught.value.reason is conditions.Reason.INVALID_CONFIGURATION
