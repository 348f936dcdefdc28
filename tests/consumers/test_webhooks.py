"""What providers report, recorded: exactly once, about the right attempt, and nothing bad stops it."""

import json
import logging
import random
from datetime import UTC, datetime

import pytest

from adapters.keys.ring import KeyRing
from adapters.provider_events import raw_events
from adapters.providers.addresses import normalise
from consumers.webhooks import TooManyDeadLettersError
from domain.status import Status
from domain.values import Channel, HandedMessage
from tests.consumers.hooks import ADDRESS, Hooks, add_sendgrid, add_twilio


def outcome(world: Hooks, sent: object) -> tuple[Status, str | None]:
    shown = world.attempt(sent).outcome()  # type: ignore[arg-type]
    return shown.status, shown.reason


@pytest.mark.parametrize("by", ["attempt_id", "message_id"])
def test_a_report_reaches_its_attempt(world: Hooks, by: str) -> None:
    sent = world.sent()
    world.put([sent.event(by=by)])
    assert world.consume() == 1
    shown = world.attempt(sent).outcome()
    assert (shown.status, shown.at) == (Status.DELIVERED, datetime(2026, 1, 15, 9, 0, tzinfo=UTC))


def test_the_raw_request_is_kept_beside_what_it_is_about(world: Hooks) -> None:
    one, other = world.sent(), world.sent()
    world.put([one.event(), other.event()], [other.event("open")])
    world.consume()
    kept = raw_events(world.worker.database, world.tenant, one.communication_id)
    assert [json.loads(raw.body)[0]["attempt_id"] for raw in kept] == [one.attempt_id]
    assert len(raw_events(world.worker.database, world.tenant, other.communication_id)) == 2
    assert kept[0].headers == {"x": "y"}


def test_the_same_webhook_fifty_times_in_any_order_is_one_event(world: Hooks) -> None:
    sent = world.sent()
    bodies = [[sent.event("processed")], [sent.event("delivered")], [sent.event("bounce", type="blocked")]]
    shuffled = bodies * 50
    random.Random(7).shuffle(shuffled)
    world.put(*shuffled)
    assert world.consume() == 150
    assert world.reports(sent) == 3
    assert len(world.attempt(sent).report_ids) == 3
    assert world.count("work.provider_event") == 150


def test_order_does_not_matter(world: Hooks) -> None:
    first, second = world.sent(), world.sent()
    for sent, words in (
        (first, ["delivered", "processed", "deferred"]),
        (second, ["deferred", "processed", "delivered"]),
    ):
        world.put(*([sent.event(word)] for word in words))
    world.consume()
    assert outcome(world, first) == outcome(world, second) == (Status.DELIVERED, None)


def test_one_request_may_be_about_many_attempts(world: Hooks) -> None:
    sent = [world.sent() for _ in range(30)]
    world.put([s.event() for s in sent])
    world.consume()
    assert {outcome(world, s)[0] for s in sent} == {Status.DELIVERED}


def test_another_tenants_attempt_is_parked_and_never_touched(world: Hooks) -> None:
    theirs = world.owner.tenants.add("theirs", world.clock()).id
    connection = add_sendgrid(world.owner, theirs)
    victim = world.sent(connection=connection, tenant=theirs)
    world.put([victim.event("bounce")], [victim.event("bounce", by="message_id")])
    world.consume()
    assert outcome(world, victim) == (Status.SENT, None)
    parked = world.rows("SELECT tenant_id, keys FROM work.parked_report ORDER BY log_offset")
    assert parked == [(world.tenant, [victim.attempt_id]), (world.tenant, [victim.message_id])]
    assert raw_events(world.worker.database, theirs, victim.communication_id) == []


def test_another_connection_of_the_same_tenant_does_not_reach_it_either(world: Hooks) -> None:
    sent = world.sent()
    world.put([sent.event("bounce")], connection=add_sendgrid(world.owner, world.tenant, "second"))
    world.consume()
    assert outcome(world, sent) == (Status.SENT, None)
    assert world.count("work.parked_report") == 1


def test_a_report_about_nothing_known_is_parked_sealed(world: Hooks) -> None:
    world.put([{"event": "delivered", "email": ADDRESS, "sg_message_id": "nobody.filter1"}])
    world.consume()
    ((keys, sealed),) = world.rows("SELECT keys, report FROM work.parked_report")
    assert keys == ["nobody"]
    assert ADDRESS.encode() not in sealed


@pytest.mark.parametrize("body", [b"", b"not json", b'"a text"', b"7", b"[1,", b"\xff\xfe\x00"])
def test_what_cannot_be_read_is_a_dead_letter_and_holds_nobody_up(world: Hooks, body: bytes) -> None:
    sent = world.sent()
    world.put([sent.event("processed")], body, [sent.event()])
    assert world.consume() == 3
    assert outcome(world, sent) == (Status.DELIVERED, None)
    ((kept, reason, tenant, provider),) = world.rows("SELECT body, reason, tenant_id, provider FROM work.dead_letter")
    assert (kept, tenant, provider) == (body, world.tenant, "sendgrid")
    assert reason


@pytest.mark.parametrize("body", [[], [1, None, "x", []], [{"no": "event"}], [{"event": "delivered"}], {"event": "x"}])
def test_a_strange_shape_is_kept_and_changes_nothing(world: Hooks, body: object) -> None:
    sent = world.sent()
    world.put(body, [sent.event()])
    world.consume()
    assert outcome(world, sent) == (Status.DELIVERED, None)
    assert world.count("work.dead_letter") == (1 if body else 0)  # it names no message
    assert (world.count("work.provider_event"), world.count("work.parked_report")) == (2, 0)


def test_a_word_that_nobody_mapped_is_recorded_and_never_counts(world: Hooks) -> None:
    sent = world.sent()
    world.put([sent.event("delivered")], [sent.event("teleported")])
    world.consume()
    assert world.reports(sent) == 2
    assert outcome(world, sent) == (Status.DELIVERED, None)


@pytest.mark.parametrize(("tracking", "shown"), [(False, Status.DELIVERED), (True, Status.READ)])
def test_opens_count_only_where_they_are_tracked(world: Hooks, tracking: bool, shown: Status) -> None:
    connection = add_sendgrid(world.owner, world.tenant, "tracked", open_tracking=tracking, default=False)
    sent = world.sent(connection=connection)
    world.put([sent.event("delivered"), sent.event("open")], connection=connection)
    world.consume()
    assert outcome(world, sent)[0] is shown
    assert world.reports(sent) == 2


def test_a_report_is_about_the_recipient_whose_address_it_names(world: Hooks) -> None:
    sent = world.sent("one@payer.example", "Two@Payer.example")
    world.put([sent.event("delivered", email="one@payer.example")], [sent.event("bounce", email="TWO@payer.EXAMPLE")])
    world.put([sent.event("complained?", email="stranger@payer.example")])
    world.consume()
    attempt = world.attempt(sent)
    assert [attempt.recipient_outcome(n).status for n in (1, 2)] == [Status.DELIVERED, Status.FAILED]


@pytest.mark.parametrize("by", ["attempt_id", "message_id"])
def test_a_report_is_about_the_recipient_whose_own_message_it_names(world: Hooks, by: str) -> None:
    sent = world.asked("one@payer.example", "two@payer.example")
    communication = world.worker.communications.get(sent.communication_id)
    messages = [HandedMessage(f"{sent.message_id}-{number}", number) for number in (1, 2)]
    communication.hand_over(sent.attempt_id, 1, messages, world.clock())
    world.worker.communications.record([communication])
    ids = {"sg_message_id": f"{sent.message_id}-2.filter1", "email": "somebody@else.example"}
    world.put([sent.event("bounce", by=by) | ids])
    world.consume()
    attempt = world.attempt(sent)
    assert [attempt.recipient_outcome(n).status for n in (1, 2)] == [Status.SENT, Status.FAILED]
    told = "SELECT convert_from(state, 'UTF8')::jsonb #>> '{report,recipient}' FROM events.event"
    assert world.rows(f"{told} WHERE topic LIKE '%%.StatusReported'", ()) == [("2",)]


def test_an_address_is_the_same_however_the_provider_spells_it(world: Hooks) -> None:
    sent = world.sent("one@payer.example", "m\u00fcller@xn--bcher-kva.example", "three@payer.example")
    spelled = " m\u00fcller@B\u00dcCHER.example"
    normal = world.sent(normalise(Channel.EMAIL, spelled), "other@payer.example")
    world.put(
        [sent.event("bounce", email="m\u00fcller@XN--bcher-kva.example")], [normal.event("bounce", email=spelled)]
    )
    world.consume()
    assert world.attempt(sent).recipient_outcome(2).status is Status.FAILED
    assert world.attempt(normal).recipient_outcome(1).status is Status.FAILED
    assert world.attempt(normal).recipient_outcome(2).status is Status.SENT


def test_the_providers_words_are_sealed_under_the_customers_key(world: Hooks) -> None:
    sent = world.sent()
    world.put([sent.event("bounce", reason=f"550 no such user {ADDRESS}")])
    world.consume()
    detail = world.attempt(sent).outcome().detail
    assert detail is not None
    assert world.worker.keys.open([detail])[detail] == f"550 no such user {ADDRESS}"
    states = world.rows("SELECT string_agg(convert_from(state, 'UTF8'), ' ') FROM events.event")
    assert ADDRESS not in states[0][0]


def test_nothing_new_is_learnt_about_an_erased_customer(world: Hooks) -> None:
    sent = world.sent()
    (number,) = world.rows("SELECT customer_ref FROM config.customer_key")[0]
    keys = world.worker.keys.living(world.tenant, number)
    world.worker.communications.record([], writes=[KeyRing.destruction(keys, world.clock())])
    world.worker.keys.forget()
    world.put([sent.event("bounce", reason=f"550 no such user {ADDRESS}")])
    world.consume()
    shown = world.attempt(sent).outcome()
    assert (shown.status, shown.detail) == (Status.FAILED, None)
    assert world.count("config.customer_key") == 1


def test_a_lost_customer_key_parks_its_reports_and_nobody_elses(world: Hooks) -> None:
    lost, fine = world.sent(), world.sent()
    key = world.attempt(lost).order.recipients[0].address
    assert key is not None
    with world.owner.database.transaction() as connection:
        connection.execute("ALTER TABLE config.customer_key DISABLE ROW LEVEL SECURITY")
        taken = connection.execute(
            "DELETE FROM config.customer_key WHERE key_id = %s RETURNING *", (key.key,)
        ).fetchone()
    assert taken is not None
    world.worker.keys.forget()
    world.put([lost.event("bounce")], [fine.event()])
    assert world.consume() == 2
    assert outcome(world, fine) == (Status.DELIVERED, None)
    assert outcome(world, lost) == (Status.SENT, None)
    assert world.count("work.parked_report") == 1


def test_a_disabled_connections_backlog_is_kept_aside_and_stops_nobody(world: Hooks) -> None:
    sent = world.sent()
    gone = add_sendgrid(world.owner, world.tenant, "gone", default=False)
    world.put(*([b"x"] * 5), connection=gone)
    world.put([sent.event()])
    world.owner.connections.disable(gone, world.clock())
    world.drain(world.consumer(dead_limit=3))
    assert outcome(world, sent) == (Status.DELIVERED, None)
    assert world.count("work.dead_letter") == 5


def test_too_many_dead_letters_in_a_row_stop_it_before_they_are_recorded(world: Hooks) -> None:
    world.put(b"bad", b"bad")
    world.consume()
    consumer = world.consumer(dead_limit=3)
    world.put(b"bad", [{"event": "x"}], b"bad", b"bad", b"bad")
    with pytest.raises(TooManyDeadLettersError, match="3 webhooks in a row"):
        world.drain(consumer)
    assert world.count("work.dead_letter") == 2
    assert sum(world.log.lag(world.worker.communications.recorder.positions).values()) == 5


def test_twilios_form_reaches_its_attempt(world: Hooks) -> None:
    connection = add_twilio(world.owner, world.tenant)
    sent = world.sent("+393331234567", connection=connection)
    form = f"MessageSid={sent.message_id}&MessageStatus=undelivered&ErrorCode=30005&To=%2B393331234567"
    world.put(form.encode(), connection=connection)
    world.consume()
    assert outcome(world, sent)[0] is Status.FAILED


def test_logs_hold_counts_and_no_personal_data(world: Hooks, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent = world.sent()
    world.put([sent.event("bounce", reason=f"no {ADDRESS}")], f"not json {ADDRESS}".encode(), [{"email": ADDRESS}])
    world.consume()
    assert "3 webhooks" in caplog.text
    assert ADDRESS not in caplog.text


def test_hostile_ids_are_looked_up_where_they_can_be_ids(world: Hooks) -> None:
    event = {"event": "delivered", "email": ADDRESS, "attempt_id": "x\u0000y", "sg_message_id": "a\u0000b\ud800"}
    world.put([event], [event | {"sg_message_id": "m" * 100_000}], [event | {"sg_message_id": "new\nline.filter"}])
    assert world.consume() == 3
    assert world.count("work.parked_report") == 1
    assert world.count("work.dead_letter") == 2
