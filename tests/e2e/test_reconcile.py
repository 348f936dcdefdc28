"""`sendtrail up` asks by itself: callbacks that never come do not leave an attempt open."""

from pathlib import Path

import pytest

from tests.support.story import order
from tests.support.system import system

NEVER_CALLED_BACK, NEVER_ANSWERED = "+32470120404", "+32470120409"


@pytest.mark.timeout(180)
def test_lost_callbacks_and_a_lost_answer_are_healed(database_url: str, tmp_path: Path) -> None:
    with system(database_url, tmp_path) as running:
        ids = []
        for number, phone in (("1", NEVER_CALLED_BACK), ("2", NEVER_ANSWERED)):
            running.call("PUT", f"/v1/subjects/invoice/{number}", json={"number": number})
            ids.append(running.call("POST", "/v1/attempts", 202, json=order(number, phone, "sms"))["id"])
        assert running.attempt(ids[0], "sent")
        assert running.attempt(ids[1], "unknown")
        running.pass_time(minutes=11)
        for attempt_id in ids:
            found = running.attempt(attempt_id, "delivered", within=60)
            assert found["delivered_at"]
