"""Turns notices into delivery reports on the attempts that they are about."""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from adapters.bootstrap import Installation
from adapters.keys import customer_ref
from adapters.keys.master import SealError
from adapters.keys.ring import CustomerKey, MissingKeyError
from adapters.providers.addresses import normalise
from adapters.providers.port import InvalidAddressError
from consumers.arrivals import Notice, Place
from consumers.correlation import Target, look_up, target_of
from domain.attempt import Attempt
from domain.communication import InvoiceCommunication
from domain.reports import DeliveryReport
from domain.values import Recipient, Role

log = logging.getLogger(__name__)
Keys = Mapping[str, CustomerKey | None]


class Attached(NamedTuple):
    """Aggregates with new events, which communications each request was about, and what matches nothing (yet)."""

    changed: list[InvoiceCommunication]
    about: dict[Place, set[UUID]]
    unmatched: list[Notice]


class Attaching:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def attach(self, notices: Iterable[Notice]) -> Attached:
        """Records nothing yet. Safe to run again: a report that an attempt has already changes nothing."""
        notices = list(notices)
        known = look_up(self.installation.database, notices)
        targets = [(notice, target_of(notice, known)) for notice in notices]
        ids = {target.communication_id for _, target in targets if target}
        found = self.installation.communications.load(ids).found if ids else {}
        targets = [(notice, target and _meant(notice, target, found)) for notice, target in targets]
        done = Attached([], {}, [])
        keys = self._keys(_attempts(found, (target for _, target in targets if target)))
        for notice, target in targets:
            communication = found.get(target.communication_id) if target else None
            if target is None or communication is None or not self._report(notice, target, communication, keys):
                done.unmatched.append(notice)
            else:
                done.about.setdefault(notice.place, set()).add(communication.id)
        done.changed.extend(found.values())
        return done

    def attach_to(self, communication: InvoiceCommunication, attempt_id: str, notices: Iterable[Notice]) -> None:
        """The same for notices that are known to be about this attempt. Raises MissingKeyError, SealError."""
        attempt, found = communication.attempt(attempt_id), {communication.id: communication}
        asked = [(n, Target(communication.id, attempt_id, _whose(attempt, n.report.message_id))) for n in notices]
        targets = [(notice, _meant(notice, target, found)) for notice, target in asked]
        wanted = {key_id for attempt in _attempts(found, (t for _, t in targets)) for key_id in _key_ids(attempt)}
        keys = self.installation.keys.keys(wanted, communication.tenant_id)
        for notice, target in targets:
            self._report(notice, target, communication, keys)

    def _report(self, notice: Notice, target: Target, communication: InvoiceCommunication, keys: Keys) -> bool:
        """False where the attempt cannot take it now: a key is missing that must come back from a backup."""
        attempt = communication.attempts.get(target.attempt_id)
        if attempt is None or not _key_ids(attempt) <= keys.keys():
            return False
        key = self._sealing_key(communication, attempt, keys)
        recipient = target.recipient or recipient_number(attempt, notice.report.recipient, keys)
        report = delivery_report(notice, target.attempt_id, recipient, key)
        communication.record_report(report, self.installation.clock())
        return True

    def _sealing_key(self, communication: InvoiceCommunication, attempt: Attempt, keys: Keys) -> CustomerKey | None:
        """The key of the attempt's own personal values. None once it is destroyed: nothing new of the erased."""
        ids = sorted(_key_ids(attempt))
        if ids:
            return keys[ids[0]]
        customer = communication.details.customer
        ref = customer_ref(customer.id if customer else None, communication.subject_type, communication.external_id)
        return self.installation.keys.customer(communication.tenant_id, ref, self.installation.clock())

    def _keys(self, attempts: Iterable[Attempt]) -> Keys:
        """All keys at once; one by one where one of them is broken, so that it holds up nobody else."""
        wanted = {key_id for attempt in attempts for key_id in _key_ids(attempt)}
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


def delivery_report(notice: Notice, attempt_id: str, recipient: int | None, key: CustomerKey | None) -> DeliveryReport:
    """The provider's report in the domain's words; its free text sealed, or dropped where the key is destroyed."""
    report, connection = notice.report, notice.connection
    untracked = report.is_open and not connection.open_tracking
    return DeliveryReport(
        report_id=f"{connection.provider}:{report.event_id}",
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


def recipient_number(attempt: Attempt, address: str | None, keys: Keys) -> int | None:
    """Whose address it is, by fingerprint; None for nobody's and once the keys are destroyed."""
    if not address:
        return None
    found = _recipients(attempt, address.strip(), keys) or _recipients(attempt, _normal(attempt, address), keys)
    return min(found, key=lambda r: (r.role is not Role.TO, r.number)).number if found else None


def _meant(notice: Notice, target: Target, found: Mapping[UUID, InvoiceCommunication]) -> Target:
    """An id of ours decides; one of theirs may be that of several attempts, of which one is meant."""
    communication, report = found.get(target.communication_id), notice.report
    attempt = communication.attempts.get(target.attempt_id) if communication else None
    if communication is None or attempt is None or report.attempt_id == target.attempt_id:
        return target
    meant = communication.meant(attempt, report.message_id, notice.at)
    whose = target.recipient if meant is attempt else _whose(meant, report.message_id)
    return Target(communication.id, meant.order.attempt_id, whose)


def _whose(attempt: Attempt, message_id: str | None) -> int | None:
    """The recipient that a message id belongs to, where it belongs to one alone."""
    messages = (m for t in attempt.tries for m in t.messages if m.message_id == message_id)
    return next((m.recipient for m in messages), None)


def _recipients(attempt: Attempt, address: str, keys: Keys) -> list[Recipient]:
    return [r for r in attempt.order.recipients if r.hash and _is(r, address, keys)]


def _is(recipient: Recipient, address: str, keys: Keys) -> bool:
    key = keys.get(recipient.address.key) if recipient.address else None
    return key is not None and key.fingerprint(address) == recipient.hash


def _normal(attempt: Attempt, address: str) -> str:
    """As addresses are spelled when they are stored; only worth its time where the provider spells otherwise."""
    try:
        return normalise(attempt.order.channel, address)
    except InvalidAddressError:
        return address


def _attempts(found: Mapping[UUID, InvoiceCommunication], targets: Iterable[Target]) -> list[Attempt]:
    known = (found[t.communication_id].attempts.get(t.attempt_id) for t in targets if t.communication_id in found)
    return [attempt for attempt in known if attempt]


def _key_ids(attempt: Attempt) -> set[str]:
    order = attempt.order
    addressed = {r.address.key for r in order.recipients if r.address}
    return addressed or {d.key for d in order.documents}
