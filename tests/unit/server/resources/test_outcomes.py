"""How a run ended, as clients can take it."""

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_server.resources.outcomes import build_error


def test_a_reason_without_a_word_of_the_services_has_the_general_one() -> None:
    status = ModelStatus(reason=Reason.START_TIMEOUT, message="No node took it.")
    assert build_error(status, {}, "unknown").to_json() == {"code": "unknown", "message": "No node took it."}


def test_a_status_that_says_nothing_gives_a_message_all_the_same() -> None:
    assert build_error(ModelStatus(), {Reason.UNKNOWN: "x"}, "unknown").message
