"""`Idempotency-Key`: the same request again gets the first answer, whatever died in between.

Attempt ids follow from the key and when it was first claimed, so carrying a request out twice makes one attempt. That
is what holds when a process is killed between recording and keeping its answer; the kept answer only spares the work
and shows the first outcome.
"""

import hashlib
import logging
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
from fastapi import Depends, Header
from psycopg import OperationalError
from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.database.queries import load
from adapters.database.session import Write, statement
from adapters.idempotency import KEPT
from adapters.store.communications import persist
from api.http.answers import Answer
from api.http.auth import InstallationDep, MaySend
from api.http.problems import Problem, problem_of
from domain.identity import attempt_id_for

log = logging.getLogger(__name__)
SQL = load(__file__)
PATIENCE = timedelta(seconds=60)
"""After which a request that has not been answered is taken for dead. Wrong at worst costs time: see above."""
_FINAL = frozenset(range(200, 500)) - {408, 425, 429}


class _Kept(msgspec.Struct):
    body: str
    media_type: str


class Ids(NamedTuple):
    """Attempt ids: of the claim on the key where there is one, else made up once a request."""

    tenant: UUID
    key: str | None
    made: dict[int, UUID]
    claimed_at: datetime | None = None

    def __call__(self, index: int = 0) -> str:
        if self.key is not None and self.claimed_at is not None:
            return str(attempt_id_for(self.tenant, self.key, self.claimed_at, index))
        return str(self.made.setdefault(index, uuid4()))


@dataclass
class Once:
    """Carries one request out, at most once a key."""

    installation: Installation
    caller: Caller
    key: str | None
    digest: bytes
    ids: Ids = field(init=False)
    until: datetime = field(init=False)
    """When it is taken for dead. The odd microseconds tell this claim from any other's."""

    def __post_init__(self) -> None:
        self.ids = Ids(self.caller.tenant_id, self.key, {})
        self.until = self.installation.clock() + PATIENCE - timedelta(microseconds=random.randrange(1_000_000))

    def __call__(self, carry_out: Callable[[], Answer]) -> Response:
        """Raises Problem 409 while it runs elsewhere, 422 for another request with the same key."""
        if self.key is None:
            return carry_out().response(self.caller)
        kept = persist(self._claim)
        if kept is not None:
            return kept.response(self.caller, {"Idempotent-Replayed": "true"})
        answer = self._carried_out(carry_out)
        try:
            persist(lambda: self._keep(answer))
        except OperationalError:
            log.warning("the answer to a request with an Idempotency-Key could not be kept")
        return answer.response(self.caller)

    def _carried_out(self, carry_out: Callable[[], Answer]) -> Answer:
        """A refusal is an answer too; anything that may go better next time is not."""
        try:
            return carry_out()
        except Exception as error:
            problem = problem_of(error)
            if problem is None or problem.status_code not in _FINAL:
                self._let_go()
                raise
            return Answer.of_problem(problem)

    def _claim(self) -> Answer | None:
        """The kept answer; None once the request is ours to carry out."""
        at = self.installation.clock()
        values = self._values() | {"at": at, "expired": at - KEPT}
        with self.installation.database.transaction(self.caller.tenant_id) as connection:
            if claimed := connection.execute(statement(SQL["claim"]), values).fetchone():
                self.ids = self.ids._replace(claimed_at=claimed[0])
                return None
            row = connection.execute(statement(SQL["known"]), (self.caller.tenant_id, self.key)).fetchone()
        return self._known(row)

    def _known(self, row: tuple[Any, ...] | None) -> Answer | None:
        if row is None or (bytes(row[0]) == self.digest and row[2] is None):
            raise Problem(409, "still_running", "The first request with this Idempotency-Key is still running.",
                          headers={"Retry-After": "1"})  # fmt: skip
        if bytes(row[0]) != self.digest:
            raise Problem(422, "idempotency_key_reused", "This Idempotency-Key was used for another request.")
        kept = msgspec.json.decode(self.installation.master.open(bytes(row[2]), self._context()), type=_Kept)
        return Answer(row[1], kept.body, media_type=kept.media_type)

    def _keep(self, answer: Answer) -> None:
        plain = msgspec.json.encode(_Kept(answer.body, answer.media_type))
        sealed = self.installation.master.seal(plain, self._context())
        kept = {"status": answer.status, "answer": sealed, "customers": sorted(answer.customers)}
        with self.installation.database.transaction(self.caller.tenant_id) as connection:
            connection.execute(statement(SQL["keep"]), self._values() | kept)

    def _let_go(self) -> None:
        with self.installation.database.transaction(self.caller.tenant_id) as connection:
            connection.execute(statement(SQL["let_go"]), self._values() | {"at": self.until - PATIENCE})

    def _values(self) -> dict[str, Any]:
        return {"tenant": self.caller.tenant_id, "key": self.key, "hash": self.digest, "until": self.until}

    def _context(self) -> bytes:
        return self.caller.tenant_id.bytes + (self.key or "").encode()


def forgotten(tenant: UUID, customer_refs: Iterable[str]) -> Write:
    """The write that forgets kept answers about customers, for the transaction that erases them."""
    return Write(SQL["forget_customers"], [(tenant, ref) for ref in customer_refs])


async def _once(
    request: Request,
    installation: InstallationDep,
    caller: MaySend,
    idempotency_key: Annotated[
        str | None,
        Header(description="Names this request: sent again with the same body, it gets the first answer. 30 days."),
    ] = None,
) -> Once:
    key = idempotency_key.strip() if idempotency_key is not None else None
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise Problem(422, "invalid_idempotency_key", "An Idempotency-Key has 1 to 255 printable ASCII characters.")
    return Once(installation, caller, key, _digest(request.scope["path"], await request.body()))


def _digest(path: str, body: bytes) -> bytes:
    """Of what is asked for: the order of a JSON object's names and the space between them do not count."""
    with suppress(msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    return hashlib.sha256(path.encode() + b"\0" + body).digest()


OnceDep = Annotated[Once, Depends(_once)]
