"""The accounts that the simulator knows, by provider and key."""

from collections.abc import Iterable, Iterator

import msgspec

from adapters.simulator.config import Account
from adapters.simulator.signing import new_private_key, public_key


class AccountView(msgspec.Struct, frozen=True):
    """An account as it may be shown: without token and private key."""

    provider: str
    key: str
    webhook_url: str
    public_key: str


class Accounts:
    def __init__(self, accounts: Iterable[Account]) -> None:
        self._known: dict[tuple[str, str], Account] = {}
        for account in accounts:
            self.add(account)

    def add(self, account: Account) -> Account:
        """Add or replace; a key pair that exists stays unless another is given. Raises ValueError for a bad key."""
        known = self.find(account.provider, account.key)
        pem = account.private_key or (known.private_key if known else new_private_key())
        public_key(pem)
        account = msgspec.structs.replace(account, private_key=pem)
        self._known[account.provider, account.key] = account
        return account

    def find(self, provider: str, key: str) -> Account | None:
        return self._known.get((provider, key))

    def of(self, provider: str) -> list[Account]:
        return [account for account in self._known.values() if account.provider == provider]

    def __iter__(self) -> Iterator[Account]:
        return iter(self._known.values())


def view(account: Account) -> AccountView:
    return AccountView(account.provider, account.key, account.webhook_url, public_key(account.private_key))
