"""How long what the API server said of a token counts."""

from darkroom_server.auth.reviews import GRANTED_SECONDS, MOST_KEPT, REFUSED_SECONDS, Remembered


def test_a_grant_counts_longer_than_a_refusal_and_neither_for_good() -> None:
    now = [0.0]
    kept: Remembered[bool] = Remembered(lambda: now[0])
    kept.keep("granted", True)
    kept.keep("refused", False)
    seen = []
    for moment in (REFUSED_SECONDS - 1, REFUSED_SECONDS + 1, GRANTED_SECONDS + 1):
        now[0] = moment
        seen.append((kept.find("granted"), kept.find("refused")))
    assert seen == [((True,), (False,)), ((True,), None), (None, None)]


def test_strangers_cannot_fill_the_memory() -> None:
    kept: Remembered[bool] = Remembered(lambda: 0.0)
    for number in range(MOST_KEPT + 10):
        kept.keep(number, False)
    assert kept.find(9) is None
    assert kept.find(10) == (False,)
    assert kept.find(MOST_KEPT + 9) == (False,)
