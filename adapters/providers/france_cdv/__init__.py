"""Life-cycle messages of the French reform (CDV), as any platform can forward them: documents, without a signature.

Nothing is sent over it. Platforms that are asked, such as those behind `afnor`, have the same documents.
"""

from typing import ClassVar

from adapters.providers.france_cdv import documents
from adapters.providers.webhook_only import DocumentsOnly


class FranceCdv(DocumentsOnly):
    name: ClassVar[str] = "france-cdv"
    read = staticmethod(documents.read)
