"""Peppol documents as any access point can forward them: message level answers, invoice responses, AS4 answers.

Nothing is sent over it: `storecove`, `recommand` and `phoss_ap` send, and read the same documents.
"""

from typing import ClassVar

from adapters.providers.peppol import documents
from adapters.providers.webhook_only import DocumentsOnly


class Peppol(DocumentsOnly):
    name: ClassVar[str] = "peppol"
    read = staticmethod(documents.reports)
