"""What Hypothesis may say about attempt a-1, which has two recipients and a copy."""

from hypothesis import strategies as st

from domain.reports import BuyerResponse, DeliveryReport
from domain.status import Status
from domain.values import Channel, Order, Role
from tests.domain.facts import Fact, failed, handed, lost, order, report, started, to

REASONS = [None, "processing", "deferred", "soft_bounce", "hard_bounce", "undelivered", "duplicate", "unheard of"]
REPORTS: st.SearchStrategy[DeliveryReport] = st.builds(
    report,
    st.sampled_from([None, *Status]),
    st.integers(0, 4),
    report_id=st.from_regex("[a-c]-[0-9]{1,2}", fullmatch=True),
    reason=st.sampled_from(REASONS),
    recipient=st.sampled_from([None, 1, 1, 2, 3, 9]),
    message_id=st.sampled_from([None, "m1", "m2", "nobody's"]),
    counts=st.sampled_from([True, True, True, False]),
    buyer_response=st.sampled_from([*[None] * 12, *BuyerResponse]),
    settles=st.booleans(),
)
REPORT_SETS = st.lists(REPORTS, max_size=7, unique_by=lambda r: r.report_id)

ASKED: list[Order] = [
    order(recipients=[to(1), to(2, "boss"), to(3, "me", Role.CC)]),
    order(channel=Channel.SMS, recipients=[to(1)]),
    order(channel=Channel.E_INVOICING, recipients=[]),
]
OURS: list[tuple[Fact, ...]] = [
    (),
    (started(),),
    (started(), handed(m1=1)),
    (started(), lost()),
    (started(), lost(), handed(minute=4, m1=1)),
    (started(), failed("validation", status=Status.REJECTED)),
    (started(), failed("rate_limited", again_at=3), started(number=2, minute=3), handed(number=2, minute=4, m2=None)),
    (started(recipients=(1, 2, 3)), handed()),
    (started(recipients=(1, 2, 3)), handed(m1=1, m2=2)),
    (started(recipients=(1,)), handed(m1=1), started(number=2, recipients=(2,)), handed(number=2, m2=2)),
]
