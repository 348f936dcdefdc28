"""PDFs of one page with lines of text, plain or compressed."""

import zlib
from collections.abc import Sequence


def pdf(lines: Sequence[str], *, compressed: bool = False) -> bytes:
    shown = "\n".join(f"({_escaped(line)}) Tj T*" for line in lines).encode("latin-1")
    text = b"BT /F1 11 Tf 72 720 Td\n" + shown + b"\nET"
    stream, kind = (zlib.compress(text), b" /Filter /FlateDecode") if compressed else (text, b"")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(stream), kind, stream),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
