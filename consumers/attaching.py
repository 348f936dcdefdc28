"""Turns notices into delivery reports on the attempts that they are about."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from adapters.bootstrap import Installation
from adapters.keys import customer_ref
from adapters.keys.master import SealError
from adapters.keys.ring import CustomerKey, MissingKeyError
from adapters.providers.addresses import normalise
from adapters.providers.port import InvalidAddressError
from adapters.store.recorder import EventRow
from adapters.store.reported import Reported, ReportedAttempt, reported
from consumers.arrivals import Notice
from consumers.correlation import Target, look_up
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.meant import meant
from domain.reports import DeliveryReport
from domain.values import Recipient, Role

log = logging.getLogger(__name__)
Keys = Mapping[str, CustomerKey | None]


class Known(NamedTuple):
    """What was read of some notices: the target of each, and the communications by id: true until somebody writes."""

    targets: list[Target | None]
    communications: dict[bytes, Reported]


class Attached(NamedTuple):
    """The events to record, which communication each notice is about (its id), and what matches nothing (yet).

    `known`: the communications as they are once the events are recorded.
    """

    events: list[EventRow]
    about: list[bytes | None]
    unmatched: list[Notice]
    known: dict[bytes, Reported]


class Attaching:
    """Safe to share between threads."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def know(self, notices: Sequence[Notice]) -> Known:
        """What is recorded about them by now."""
        targets = look_up(self.installation.database, notices)
        tenants = {id(n.connection): n.connection.tenant_id.bytes for n in notices}
        whose = {t[0]: tenants[id(n.connection)] for t, n in zip(targets, notices, strict=True) if t}
        return Known(targets, reported(self.installation.database, whose))

    def attach(self, notices: Sequence[Notice], known: Known | None = None) -> Attached:
        """Records nothing yet. Safe to run again: a report that an attempt has already changes nothing.

        `known`: what was read before, and is used up here. If it is no longer true, recording tells: version conflict.
        """
        known = known or self.know(notices)
        found = [_meant(n, t, known) if t else None for n, t in zip(notices, known.targets, strict=True)]
        wanted = {key_id for one in found if one for key_id in one.key_ids}
        keys = self._keys(wanted)
        lost = wanted - keys.keys()
        done, at = Attached([], [], [], known.communications), self.installation.clock()
        for notice, target, attempt in zip(notices, known.targets, found, strict=True):
            if target is None or attempt is None or (lost and not lost.isdisjoint(attempt.key_ids)):
                done.unmatched.append(notice)  # nothing known, or a key that must come back from a backup
                done.about.append(None)
                continue
            done.about.append(target[0])
            communication, report_id = known.communications[target[0]], _report_id(notice)
            if not communication.knows(attempt.attempt_id, report_id):
                done.events.append(communication.report(self._report(notice, report_id, attempt, keys), at))
        return done

    def attach_to(self, communication: InvoiceCommunication, attempt_id: str, notices: Iterable[Notice]) -> None:
        """The same for notices that are known to be about this attempt. Raises MissingKeyError, SealError."""
        asked = communication.attempt(attempt_id)
        about = [(notice, _found_in(communication, _meant_of(notice, asked, communication))) for notice in notices]
        keys = self.installation.keys.keys({i for _, one in about for i in one.key_ids}, communication.tenant_id)
        for notice, attempt in about:
            report = self._report(notice, _report_id(notice), attempt, keys)
            communication.record_report(report, self.installation.clock())

    def _report(self, notice: Notice, report_id: str, attempt: ReportedAttempt, keys: Keys) -> DeliveryReport:
        told = notice.report
        recipient = attempt.whose(told.message_id) or recipient_number(attempt, told.recipient, keys)
        key = self._sealing_key(attempt, keys) if told.diagnostic else None
        return delivery_report(notice, report_id, attempt.attempt_id, recipient, key)

    def _sealing_key(self, attempt: ReportedAttempt, keys: Keys) -> CustomerKey | None:
        """The key of the attempt's own personal values. None once it is destroyed: nothing new of the erased."""
        if attempt.key_ids:
            return keys[attempt.key_ids[0]]
        communication = attempt.whole
        assert communication is not None, "what has no address is read whole"
        customer = communication.details.customer
        ref = customer_ref(customer.id if customer else None, communication.subject_type, communication.external_id)
        return self.installation.keys.customer(communication.tenant_id, ref, self.installation.clock())

    def _keys(self, wanted: set[str]) -> Keys:
        """All keys at once; one by one where one of them is broken, so that it holds up nobody else."""
        try:
            return self.installation.keys.keys(wanted)
        except (MissingKeyError, SealError):
            return {id_: key for one in wanted for id_, key in self._one_key(one).items()}

    def _one_key(self, key_id: str) -> Keys:
        try:
            return self.installation.keys.keys([key_id])
        except (MissingKeyError, SealError) as error:
            log.error("customer key %s: %s; reports under it are parked", key_id, type(error).__name__)
            return {}


def delivery_report(
    notice: Notice, report_id: str, attempt_id: str, recipient: int | None, key: CustomerKey | None
) -> DeliveryReport:
    """The provider's report in the domain's words; its free text sealed, or dropped where the key is destroyed."""
    report, connection = notice.report, notice.connection
    untracked = report.is_open and not connection.open_tracking
    return DeliveryReport(
        report_id=report_id,
        attempt_id=attempt_id,
        provider_event=report.provider_event,
        occurred_at=notice.at,
        status=report.status,
        reason=report.reason,
        counts=report.status is not None and not report.ignored and not untracked,
        recipient=recipient,
        message_id=report.message_id,
        actor=report.actor,
        detail=key.seal(report.diagnostic) if key and report.diagnostic else None,
        diagnostic_code=report.diagnostic_code,
        buyer_response=report.buyer_response,
        settles=report.settles,
    )


def _report_id(notice: Notice) -> str:
    return f"{notice.connection.provider}:{notice.report.event_id}"


def recipient_number(attempt: ReportedAttempt, address: str | None, keys: Keys) -> int | None:
    """Whose address it is, by fingerprint; None for nobody's and once the keys are destroyed."""
    if not address:
        return None
    found = _recipients(attempt, address.strip(), keys) or _recipients(attempt, _normal(attempt, address), keys)
    if len(found) > 1:
        found.sort(key=lambda r: (r.role is not Role.TO, r.number))
    return found[0].number if found else None


def _meant(notice: Notice, target: Target, known: Known) -> ReportedAttempt | None:
    """An id of ours decides; one of theirs may be that of several attempts, of which one is meant."""
    communication = known.communications.get(target[0])
    attempt = communication.attempts.get(target[1]) if communication else None
    if communication is None or attempt is None or (whole := communication.whole) is None:
        return attempt
    return _found_in(whole, _meant_of(notice, whole.attempt(target[1]), whole))


def _meant_of(notice: Notice, attempt: Attempt, communication: InvoiceCommunication) -> Attempt:
    if notice.report.attempt_id == attempt.order.attempt_id:
        return attempt
    return meant(communication, attempt, notice.report.message_id, notice.at)


def _found_in(communication: InvoiceCommunication, attempt: Attempt) -> ReportedAttempt:
    """Where nobody is addressed, the documents are sealed."""
    found = ReportedAttempt.of(attempt, communication)
    found.key_ids = found.key_ids or sorted({d.key for d in attempt.order.documents})
    return found


def _recipients(attempt: ReportedAttempt, address: str, keys: Keys) -> list[Recipient]:
    told = {key_id: key.fingerprint(address) for key_id in attempt.key_ids if (key := keys.get(key_id))}
    return [r for r in attempt.recipients if r.hash and r.address and told.get(r.address.key) == r.hash]


def _normal(attempt: ReportedAttempt, address: str) -> str:
    """As addresses are spelled when they are stored; only worth its time where the provider spells otherwise."""
    try:
        return normalise(attempt.channel, address)
    except InvalidAddressError:
        return address
