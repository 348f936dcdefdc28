"""Chorus Pro behind PISTE: deposits, flow states, the search, and the history of an invoice. It never calls back."""

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.simulator.bearers import Bearers
from adapters.simulator.behaviour import Channel, Event, Reply
from adapters.simulator.choruspro_states import (
    OK,
    WORDS,
    detailed_flow,
    flow,
    history,
    invoice_id,
    listed,
    state,
    statuses,
)
from adapters.simulator.config import Account
from adapters.simulator.messages import Message, Told
from adapters.simulator.network import read_paper
from adapters.simulator.rules import Plan
from adapters.simulator.side import Call, Patience
from adapters.simulator.web import BodyTooLargeError, answer, body_of, hang
from adapters.simulator.world import World

Asked = dict[str, Any]
FLOW_UNKNOWN = (20001, "POQ_MSG_01.003 - Flux introuvable.")
INVOICE_UNKNOWN = (20001, "GCU_MSG_01_009 - Facture introuvable.")
DUPLICATE = (20003, "GDP_MSG_01.027 - Doublon : une facture portant ce numero a deja ete deposee.")
REFUSALS = {
    "invalid": (20002, "GDP_MSG_11.010 - Le fichier n'est pas conforme a la syntaxe."),
    "not_registered": (20002, "GDP_MSG_01.014 - Le destinataire n'est pas reference."),
}


class ChorusPro:
    name: ClassVar[str] = "choruspro"
    channel: ClassVar[Channel] = Channel.PARTICIPANT
    batch: ClassVar[int] = 1
    words: ClassVar[Mapping[Event, Any]] = WORDS
    untold: ClassVar[frozenset[Event]] = frozenset(Event)
    endpoints: ClassVar[tuple[tuple[str, str], ...]] = (
        ("POST /api/oauth/token", "a token: client id and secret are the account's key and token, scope openid"),
        (
            "POST /cpro/factures/v1/deposer/flux",
            "deposit; in cpro-account any login, and the account's token as password",
        ),
        ("POST /cpro/transverses/v1/consulterCR", "the state of a flow; consulterCRDetaille has its errors too"),
        ("POST /cpro/factures/v1/rechercher/fournisseur", "invoices, by flow, number or days of deposit, in pages"),
        ("POST /cpro/factures/v1/consulter/historique", "the statuses of an invoice, newest first"),
    )

    def __init__(self, world: World) -> None:
        self.world = world
        self.bearers = Bearers(world, self.name, "openid")

    def routes(self) -> list[BaseRoute]:
        calls: tuple[tuple[str, Callable[[Account, Asked], Response]], ...] = (
            ("/cpro/transverses/v1/consulterCR", self.flow),
            ("/cpro/transverses/v1/consulterCRDetaille", self.detailed_flow),
            ("/cpro/factures/v1/rechercher/fournisseur", self.search),
            ("/cpro/factures/v1/consulter/historique", self.history),
        )
        return [
            Route("/api/oauth/token", self.bearers.give, methods=["POST"]),
            Route("/cpro/factures/v1/deposer/flux", self.deposit, methods=["POST"]),
            *(Route(path, self._answering(handler), methods=["POST"]) for path, handler in calls),
        ]

    def draw(self) -> tuple[str, str]:
        return secrets.token_hex(16), secrets.token_hex(16)

    def call(self, account: Account, url: str, told: Sequence[Told]) -> Call:
        raise NotImplementedError("nothing is ever told")

    def patience(self, url: str) -> Patience:  # noqa: ARG002
        return Patience()

    async def deposit(self, request: Request) -> Response:
        account, asked, size = await self._asked(request)
        if account is None or asked is None:
            return answer({}, 401 if account is None else 400)
        message = self._message(account, asked)
        if message is None:
            return _problem(*REFUSALS["invalid"])
        if self._had(message):
            return _problem(*DUPLICATE)
        plans = self.world.rules.plans(self.name, self.channel, [message.address])
        reply = await self.world.receive([message], plans, size)
        if reply.hangs:
            return await hang(request, self.world.background, self.world.config.hang)
        response = self._reply(reply, message, plans[0])
        message.answer = response.status_code
        return response

    def flow(self, account: Account, asked: Asked) -> Response:
        found = self._find(account, asked)
        return answer(flow(found)) if found else _problem(*FLOW_UNKNOWN)

    def detailed_flow(self, account: Account, asked: Asked) -> Response:
        found = self._find(account, asked)
        return answer(detailed_flow(found)) if found else _problem(*FLOW_UNKNOWN)

    def search(self, account: Account, asked: Asked) -> Response:
        """The days are inclusive."""
        found = [listed(m) for m in self._taken(account) if statuses(m)]
        for name in ("numeroFluxDepot", "numeroFacture"):
            found = [one for one in found if asked.get(name) in (None, "", one[name])]
        first, last = asked.get("periodeDateDepotDu") or "", asked.get("periodeDateDepotAu") or "9999"
        found = [one for one in found if first <= one["dateDepot"] <= last]
        wanted = asked.get("rechercheFactureParFournisseur") or {}
        page, size = int(wanted.get("pageResultatDemandee", 1)), int(wanted.get("nbResultatsParPage", 10))
        paging = {
            "pageCourante": page,
            "pages": max(1, -(-len(found) // size)),
            "nbResultatsParPage": size,
            "total": len(found),
        }
        return answer(OK | {"listeFactures": found[(page - 1) * size : page * size], "parametresRetour": paging})

    def history(self, account: Account, asked: Asked) -> Response:
        found = next((m for m in self._taken(account) if statuses(m) and invoice_id(m) == asked.get("idFacture")), None)
        return answer(history(found)) if found else _problem(*INVOICE_UNKNOWN)

    def _answering(self, handler: Callable[[Account, Asked], Response]) -> Any:
        async def endpoint(request: Request) -> Response:
            account, asked, _ = await self._asked(request)
            if account is None or asked is None:
                return answer({}, 401 if account is None else 400)
            try:
                return handler(account, asked)
            except (TypeError, ValueError):
                return _problem(20000, "Parametre incorrect")

        return endpoint

    async def _asked(self, request: Request) -> tuple[Account | None, Asked | None, int]:
        account = self.bearers.account(request)
        if account is None or not _is_account(request, account):
            return None, None, 0
        try:
            body = await body_of(request, self.world.config.max_body)
            told = msgspec.json.decode(body)
        except (BodyTooLargeError, msgspec.DecodeError):
            return account, None, 0
        return account, told if isinstance(told, dict) else None, len(body)

    def _message(self, account: Account, asked: Asked) -> Message | None:
        """None for a file that is no invoice in UBL. A buyer without endpoint behaves by the invoice's number."""
        try:
            paper = read_paper(base64.b64decode(asked["fichierFlux"], validate=True))
        except (KeyError, TypeError, ValueError, binascii.Error):
            return None
        if paper is None or not isinstance(asked.get("nomFichier"), str) or not asked.get("syntaxeFlux"):
            return None
        number = f"CPP{secrets.randbelow(10**8) + 10**8:022d}"
        return Message(
            id=number,
            reference=number,
            provider=self.name,
            account=account.key,
            address=paper.buyer[1] or paper.number,
            sender=paper.seller[1],
            subject=paper.number,
            received_at=self.world.clock(),
            request=asked,
        )

    def _reply(self, reply: Reply, message: Message, plan: Plan) -> Response:
        if reply is Reply.REFUSED:
            return _problem(*REFUSALS[plan.behaviour.refusal])
        if reply is Reply.RATE_LIMITED:
            return answer({}, 429, {"Retry-After": str(self.world.config.retry_after)})
        if reply in (Reply.OUTAGE, Reply.CRASH):
            return answer({}, 500)
        day = message.received_at.date().isoformat()
        told = {"numeroFluxDepot": message.id, "dateDepot": day, "syntaxeFlux": message.request["syntaxeFlux"]}
        return answer({"codeRetour": 0, "libelle": "GCU_MSG_01_000"} | told)

    def _had(self, message: Message) -> bool:
        """Whether the seller has an invoice of that number there already; one that was rejected does not count."""
        same = (message.account, message.sender, message.subject)
        mine = (m for m in self.world.messages.newest() if (m.account, m.sender, m.subject) == same)
        return any(m.provider == self.name and m.taken and state(m) != "IN_REJETE" for m in mine)

    def _find(self, account: Account, asked: Asked) -> Message | None:
        return next((m for m in self._taken(account) if m.id == asked.get("numeroFluxDepot")), None)

    def _taken(self, account: Account) -> list[Message]:
        kept = self.world.messages.newest()
        return [m for m in kept if (m.provider, m.account, m.taken) == (self.name, account.key, True)]


def _is_account(request: Request, account: Account) -> bool:
    """The technical account's header: any login, with the account's token as password."""
    try:
        told = base64.b64decode(request.headers.get("cpro-account", ""), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    login, _, password = told.partition(":")
    return bool(login) and secrets.compare_digest(password.encode(), account.token.encode())


def _problem(code: int, words: str) -> Response:
    return answer({"codeRetour": code, "libelle": words}, 400)
