"""Reviews of several people at once."""

import asyncio
from typing import Any

from darkroom_server.http.problems import Problem
from darkroom_server.pages.review_files import ReviewFiles
from tests.support.server.finished import finish_prediction
from tests.support.server.local import LocalServer


def test_of_reviews_that_are_saved_at_once_one_is_taken_and_the_others_are_told(server: LocalServer) -> None:
    finish_prediction(server)
    stored = server.find("Prediction", "rest")

    async def save_all() -> list[Any]:
        files = ReviewFiles(server.backend)
        images = [[{"number": number % 3, "review": "accepted", "labels": []}] for number in range(6)]
        saving = (files.save(stored, "", each) for each in images)
        return list(await asyncio.gather(*saving, return_exceptions=True))

    ended = asyncio.run(save_all())
    assert sorted(type(end).__name__ for end in ended) == ["Problem"] * 5 + ["dict"]
    assert {end.status for end in ended if isinstance(end, Problem)} == {409}
    told = asyncio.run(ReviewFiles(server.backend).describe(stored))
    assert told["version"] == next(end["version"] for end in ended if isinstance(end, dict))
