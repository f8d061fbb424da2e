"""What a reader, or a search engine, finds in a file that was published: its text, its properties, its links."""

from __future__ import annotations

import email
import html
import io
import zipfile
from email import policy

import pypdf


def text_of(name: str, content: bytes) -> str:
    """Everything legible in a file, markup and metadata included."""
    kind = name.rpartition(".")[2]
    return {"xlsx": _workbook, "eml": _mail, "pdf": _pdf}.get(kind, _plain)(content)


def _plain(content: bytes) -> str:
    return html.unescape(content.decode())


def _workbook(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return "\n".join(html.unescape(parts.read(name).decode()) for name in parts.namelist())


def _mail(content: bytes) -> str:
    message = email.message_from_bytes(content, policy=policy.default)
    parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    return html.unescape("\n".join([*(f"{k}: {v}" for k, v in message.items()), *parts]))


def _pdf(content: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(content))
    pages = [page.extract_text() for page in reader.pages]
    links = [str(a.get_object().get("/A", "")) for page in reader.pages for a in page.get("/Annots") or ()]
    about = [str(value) for value in (reader.metadata or {}).values()]
    return "\n".join([*pages, *links, *about, *(item.title for item in _bookmarks(reader.outline))])


def _bookmarks(outline: object) -> list[pypdf.generic.Destination]:
    found = []
    for item in outline if isinstance(outline, list) else [outline]:
        found += _bookmarks(item) if isinstance(item, list) else [item]
    return found
