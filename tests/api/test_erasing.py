"""Erasing a customer: what is personal is gone, what happened stays."""

from typing import Any

from adapters.bootstrap import Installation
from adapters.keys import customer_ref
from adapters.keys.ring import ERASED
from api.erasing import erase_customer
from consumers.projector import Projector
from domain.customer import Customer
from domain.values import Person
from tests.api.service import Service, Tenant


def invoice_of(tenant: Tenant, customer: str = "c-1", external_id: str = "4711") -> dict[str, Any]:
    """A sent invoice; the attempt and its document."""
    tenant.put(external_id, number="7", customer={"id": customer, "name": "Jan Janssens"})
    document = tenant.upload(external_id=external_id)
    return tenant.sent(external_id=external_id, requested_by={"id": "u"}) | {"document": document["id"]}


def erase(tenant: Tenant, customer: str = "c-1") -> Any:
    body = {"requested_by": {"id": "dpo"}}
    answer = tenant.client("admin").request("DELETE", f"/v1/customers/{customer}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_personal_is_gone_and_the_history_stays(acme: Tenant) -> None:
    attempt = invoice_of(acme)
    assert erase(acme) == {"customer_id": "c-1", "keys_destroyed": 1}
    found = acme.subject()
    assert found["customer"] == {"id": "c-1", "name": ERASED}
    assert found["number"] == "7"
    assert (found["communication"]["attempt_count"], found["communication"]["last_recipient"]) == (1, ERASED)
    gone = acme.http.get(f"/v1/documents/{attempt['document']}")
    assert (gone.status_code, gone.json()["code"]) == (410, "erased")
    again = acme.http.post(f"/v1/attempts/{attempt['id']}/resend")
    assert (again.status_code, again.json()["code"]) == (409, "erased")


def test_the_history_keeps_who_decided_it(acme: Tenant) -> None:
    invoice_of(acme)
    erase(acme)
    place = Customer.create_id(acme.id, "c-1")
    customer = acme.service.installation.communications.load([place], acme.id).found[place]
    assert (customer.erased_at, len(customer.destroyed_keys)) == (acme.service.clock(), 1)


def test_other_customers_keep_theirs(acme: Tenant) -> None:
    invoice_of(acme)
    other = invoice_of(acme, "c-2", "4712")
    erase(acme)
    assert acme.subject("4712")["communication"]["last_recipient"] == other["recipient"]


def test_erasing_twice_and_erasing_nobody(acme: Tenant) -> None:
    invoice_of(acme)
    assert [erase(acme)["keys_destroyed"] for _ in range(2)] == [1, 0]
    assert erase(acme, "nobody")["keys_destroyed"] == 0


def test_who_is_written_to_afterwards_is_known_anew(acme: Tenant) -> None:
    invoice_of(acme)
    erase(acme)
    acme.put(number="7", customer={"id": "c-1", "name": "Jan Janssens"})
    attempt = acme.sent(address="new@payer.example")
    assert (attempt["subject"]["customer"]["name"], attempt["recipient"]) == ("Jan Janssens", "new@payer.example")
    assert erase(acme)["keys_destroyed"] == 1


def test_what_was_sent_before_the_customer_was_known_goes_too(own_service: Service, worker: Installation) -> None:
    tenant = own_service.tenant()
    tenant.put()
    tenant.sent()
    tenant.put(customer={"id": "c-1"})
    Projector(worker.database, worker.keys).run_once()
    assert erase(tenant)["keys_destroyed"] == 1
    assert tenant.subject()["communication"]["last_recipient"] == ERASED


def test_kept_answers_are_dropped_and_nothing_is_sent_twice(acme: Tenant) -> None:
    acme.put(customer={"id": "c-1", "name": "Jan"})
    acme.put("4712", customer={"id": "c-2"})
    first = acme.send(key="k").json()
    acme.send(key="other", external_id="4712")
    erase(acme)
    with acme.service.owner.database.transaction() as connection:
        kept = connection.execute(
            "SELECT key FROM work.idempotency WHERE tenant_id = %s AND answer IS NOT NULL", (acme.id,)
        ).fetchall()
    assert kept == [("other",)]
    again = acme.send(key="k").json()
    assert (again["id"], again["recipient"], acme.attempt_count()) == (first["id"], ERASED, 1)


def test_what_another_process_erased_is_neither_shown_nor_sent_again_at_once(acme: Tenant) -> None:
    """Whatever keys this one remembers: 15 s are long enough for an e-mail to somebody who was to be forgotten."""
    acme.put(customer={"id": "c-1", "name": "Jan"})
    document, attempt = acme.upload()["id"], acme.sent(address="ap@payer.example")["id"]
    assert acme.http.get(f"/v1/documents/{document}").status_code == 200
    assert erase_customer(acme.service.owner, acme.id, "c-1", Person(id="dpo")) == 1
    assert acme.http.get(f"/v1/documents/{document}").status_code == 410
    again = acme.http.post(f"/v1/attempts/{attempt}/resend")
    assert (again.status_code, again.json()["code"]) == (409, "erased")


def test_the_console_command_erases_in_its_own_role(acme: Tenant) -> None:
    """The owner's connections are not held to one tenant: it must still reach this one's customer alone."""
    other = acme.service.tenant()
    invoice_of(acme)
    invoice_of(other)
    assert erase_customer(acme.service.owner, acme.id, "c-1", Person(id="dpo")) == 1
    ring = acme.service.installation.keys
    ring.forget()
    ref = customer_ref("c-1", "", "")
    assert (len(ring.living(acme.id, ref)), len(ring.living(other.id, ref))) == (0, 1)
    assert acme.subject()["customer"]["name"] == ERASED
    assert other.subject()["customer"]["name"] == "Jan Janssens"


def test_only_admins_erase(acme: Tenant) -> None:
    invoice_of(acme)
    assert acme.http.delete("/v1/customers/c-1").status_code == 403
    assert acme.subject()["customer"]["name"] == "Jan Janssens"
