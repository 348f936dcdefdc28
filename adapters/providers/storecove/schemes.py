"""Storecove names identifier schemes by country and kind where Peppol has four-digit codes."""

from adapters.providers.port import MisconfiguredError

NAMES = {
    "0002": "FR:SIRENE",
    "0007": "SE:ORGNR",
    "0009": "FR:SIRET",
    "0037": "FI:OVT",
    "0060": "DUNS",
    "0088": "GLN",
    "0106": "NL:KVK",
    "0151": "AU:ABN",
    "0184": "DK:DIGST",
    "0190": "NL:OINO",
    "0192": "NO:ORG",
    "0195": "SG:UEN",
    "0204": "DE:LWID",
    "0208": "BE:EN",
    "0210": "IT:CF",
    "0211": "IT:IVA",
    "9906": "IT:VAT",
    "9914": "AT:VAT",
    "9920": "ES:VAT",
    "9925": "BE:VAT",
    "9930": "DE:VAT",
    "9944": "NL:VAT",
    "9955": "SE:VAT",
    "9957": "FR:VAT",
}
"""Any other code goes out as it is; a connection may name more, or put one back (`0208=0208`)."""


def scheme_name(scheme: str, more: str = "") -> str:
    """`more` as a connection has it: `0208=BE:EN,0192=NO:ORG`. Raises MisconfiguredError."""
    pairs = [pair.partition("=") for pair in more.split(",") if pair.strip()]
    if not all(code.strip() and name.strip() for code, _, name in pairs):
        raise MisconfiguredError("setting 'schemes' is not a list such as 0208=BE:EN,0192=NO:ORG")
    known = NAMES | {code.strip(): name.strip() for code, _, name in pairs}
    return known.get(scheme, scheme)
