"""`Idempotency-Key`: the same request again gets the first answer, whatever died in between.

Attempt ids follow from the key and when it was first claimed, so carrying a request out twice makes one attempt. That
is what holds when a process is killed between recording and keeping its answer; the kept answer only spares the work
and shows the first outcome.
"""

import hashlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID, uuid4

import msgspec
from fastapi import Depends, Header
from psycopg import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Installation
from adapters.config.api_keys import Caller
from adapters.database import arrays
from adapters.database.queries import load
from adapters.database.session import Write, statement, write
from adapters.store.communications import persist, persist_async
from api.http.answers import Answer
from api.http.auth import InstallationDep, MaySend
from api.http.claims import Claim, Claims, Known
from api.http.problems import Problem, problem_of
from domain.identity import attempt_id_for

log = logging.getLogger(__name__)
SQL = load(__file__)
PATIENCE = timedelta(seconds=60)
"""After which a request that has not been answered is taken for dead. Wrong at worst costs time: see above."""
Keep = Callable[[Answer], Sequence[Write]]
"""Makes the write that keeps an answer, for the transaction of what the answer is about."""
_KEPT = (arrays.uuids, arrays.texts, arrays.byteas, arrays.integers_or_null, arrays.byteas, arrays.texts)
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
    claims: Claims
    caller: Caller
    key: str | None
    digest: bytes
    ids: Ids = field(init=False)
    until: datetime = field(init=False)
    """When it is taken for dead. The odd microseconds tell this claim from any other's."""
    kept: Answer | None = None
    """What the transaction that was tried last keeps, if it does."""

    def __post_init__(self) -> None:
        self.ids = Ids(self.caller.tenant_id, self.key, {})
        self.until = self.installation.clock() + PATIENCE - timedelta(microseconds=random.randrange(1_000_000))

    async def __call__(self, carry_out: Callable[[Keep | None], Awaitable[Answer]]) -> Response:
        """Raises Problem 409 while it runs elsewhere, 422 for another request with the same key."""
        if self.key is None:
            return (await carry_out(None)).response(self.caller)
        kept = await persist_async(self._claim)
        if kept is not None:
            return kept.response(self.caller, {"Idempotent-Replayed": "true"})
        try:
            answer = await carry_out(self._keep)
        except Exception as error:  # noqa: BLE001 - raised again unless it is an answer
            answer = await run_in_threadpool(self._refusal, error)
        if answer != self.kept:
            await run_in_threadpool(self._see_to_it, answer)
        return answer.response(self.caller)

    def _refusal(self, error: Exception) -> Answer:
        """A refusal is an answer too; anything that may go better next time is not, and raised again."""
        problem = problem_of(error)
        if problem is None or problem.status_code not in _FINAL:
            self._let_go()
            raise error
        return Answer.of_problem(problem)

    def _see_to_it(self, answer: Answer) -> None:
        """Keeps an answer that was not kept in the transaction of what it is about."""
        try:
            persist(lambda: self._write(self._keep(answer)))
        except OperationalError:
            log.warning("the answer to a request with an Idempotency-Key could not be kept")

    async def _claim(self) -> Answer | None:
        """The kept answer; None once the request is ours to carry out."""
        assert self.key is not None
        claim = Claim(self.key, self.digest, self.until, self.installation.clock())
        known = await self.claims.claim(self.caller.tenant_id, claim)
        if known.claimed_at is None:
            return self._known(known)
        self.ids = self.ids._replace(claimed_at=known.claimed_at)
        return None

    def _known(self, known: Known) -> Answer:
        if known.digest not in (None, self.digest):
            raise Problem(422, "idempotency_key_reused", "This Idempotency-Key was used for another request.")
        if known.answer is None or known.status is None:
            raise Problem(409, "still_running", "The first request with this Idempotency-Key is still running.",
                          headers={"Retry-After": "1"})  # fmt: skip
        kept = msgspec.json.decode(self.installation.master.open(known.answer, self._context()), type=_Kept)
        return Answer(known.status, kept.body, media_type=kept.media_type)

    def _keep(self, answer: Answer) -> list[Write]:
        """The write that keeps it, for the transaction of what it is about."""
        self.kept = answer
        plain = msgspec.json.encode(_Kept(answer.body, answer.media_type))
        sealed = self.installation.master.seal(plain, self._context())
        customers = msgspec.json.encode(sorted(answer.customers)).decode()
        row = (self.caller.tenant_id, self.key, self.digest, answer.status, sealed, customers)
        return [Write(SQL["keep"], [row], _KEPT)]

    def _write(self, writes: Sequence[Write]) -> None:
        with self.installation.database.transaction(self.caller.tenant_id) as connection:
            write(connection, writes)

    def _let_go(self) -> None:
        with self.installation.database.transaction(self.caller.tenant_id) as connection:
            values = {"tenant": self.caller.tenant_id, "key": self.key, "until": self.until}
            connection.execute(statement(SQL["let_go"]), values | {"at": self.until - PATIENCE})

    def _context(self) -> bytes:
        return self.caller.tenant_id.bytes + (self.key or "").encode()


def forgotten(tenant: UUID, customer_refs: Iterable[str]) -> Write:
    """The write that forgets kept answers about customers, for the transaction that erases them."""
    return Write(SQL["forget_customers"], [(tenant, ref) for ref in customer_refs])


async def once_for(
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
    return Once(
        installation, request.app.state.claims, caller, key, _digest(request.scope["path"], await request.body())
    )


def _digest(path: str, body: bytes) -> bytes:
    """Of what is asked for: the order of a JSON object's names and the space between them do not count."""
    with suppress(msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    return hashlib.sha256(path.encode() + b"\0" + body).digest()


OnceDep = Annotated[Once, Depends(once_for)]
