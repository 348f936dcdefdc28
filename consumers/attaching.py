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
from consumers.correlation import Target, look_up
from consumers.recent import Recent
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


class _Found(NamedTuple):
    """An attempt that is reported about, with the ids of the keys that its personal values are sealed under."""

    communication: InvoiceCommunication
    attempt: Attempt
    key_ids: list[str]


class Attaching:
    """For one thread."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.recent = Recent()

    def attach(self, notices: Iterable[Notice]) -> Attached:
        """Records nothing yet. Safe to run again: a report that an attempt has already changes nothing."""
        notices = list(notices)
        targets = look_up(self.installation.database, notices)
        communications = self._load({target.communication_id for target in targets if target})
        found = _attempts(communications, targets)
        about = [
            _meant(n, found.get(target.attempt_id)) if target else None
            for n, target in zip(notices, targets, strict=True)
        ]
        keys = self._keys({key_id for one in about if one for key_id in one.key_ids})
        done = Attached(list(communications.values()), {}, [])
        for notice, one in zip(notices, about, strict=True):
            if one is None or not self._report(notice, one, keys):
                done.unmatched.append(notice)
            else:
                done.about.setdefault(notice.place, set()).add(one.communication.id)
        return done

    def attach_to(self, communication: InvoiceCommunication, attempt_id: str, notices: Iterable[Notice]) -> None:
        """The same for notices that are known to be about this attempt. Raises MissingKeyError, SealError."""
        asked = _found(communication, communication.attempt(attempt_id))
        about = [(notice, _meant(notice, asked) or asked) for notice in notices]
        wanted = {key_id for _, one in about for key_id in one.key_ids}
        keys = self.installation.keys.keys(wanted, communication.tenant_id)
        for notice, one in about:
            self._report(notice, one, keys)

    def recorded(self, attached: Attached) -> None:
        """Remember what has just been recorded, for the reports to come."""
        self.recent.keep(attached.changed)

    def _load(self, ids: set[UUID]) -> dict[UUID, InvoiceCommunication]:
        return self.installation.communications.load_newer(ids, self.recent.take(ids)) if ids else {}

    def _report(self, notice: Notice, one: _Found, keys: Keys) -> bool:
        """False where the attempt cannot take it now: a key is missing that must come back from a backup."""
        if not all(key_id in keys for key_id in one.key_ids):
            return False
        key = self._sealing_key(one, keys)
        whose = _whose(one.attempt, notice.report.message_id)
        recipient = whose or recipient_number(one.attempt, notice.report.recipient, keys)
        report = delivery_report(notice, one.attempt.order.attempt_id, recipient, key)
        one.communication.record_report(report, self.installation.clock())
        return True

    def _sealing_key(self, one: _Found, keys: Keys) -> CustomerKey | None:
        """The key of the attempt's own personal values. None once it is destroyed: nothing new of the erased."""
        if one.key_ids:
            return keys[one.key_ids[0]]
        communication, customer = one.communication, one.communication.details.customer
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


def _meant(notice: Notice, one: _Found | None) -> _Found | None:
    """An id of ours decides; one of theirs may be that of several attempts, of which one is meant."""
    if one is None or notice.report.attempt_id == one.attempt.order.attempt_id:
        return one
    meant = one.communication.meant(one.attempt, notice.report.message_id, notice.at)
    return one if meant is one.attempt else _found(one.communication, meant)


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


def _attempts(
    communications: Mapping[UUID, InvoiceCommunication], targets: Iterable[Target | None]
) -> dict[str, _Found]:
    """By attempt id, each once."""
    places = {target.attempt_id: target.communication_id for target in targets if target}
    found: dict[str, _Found] = {}
    for attempt_id, communication_id in places.items():
        communication = communications.get(communication_id)
        attempt = communication.attempts.get(attempt_id) if communication else None
        if communication and attempt:
            found[attempt_id] = _found(communication, attempt)
    return found


def _found(communication: InvoiceCommunication, attempt: Attempt) -> _Found:
    addressed = {r.address.key for r in attempt.order.recipients if r.address}
    return _Found(communication, attempt, sorted(addressed or {d.key for d in attempt.order.documents}))
