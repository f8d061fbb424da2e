"""Find every text that pages say, and bring the catalogues of bizops/languages up to date with them.

What counts as a text: the literal arguments of ``say``, ``plural`` and ``message`` in bizops/, constants of a module
that ``say`` is given by name, ``_('...')`` in the templates of the page, headings and paragraphs of the notebooks, and
the names of metrics and policies. Definitions of metrics and meanings of policies are said too, but a catalogue may
leave them in English: they are not listed here.

Run as a program it writes the texts that a catalogue lacks into it, empty, and takes out those that nobody says.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from bizops.company import POLICIES
from bizops.language import FOLDER
from bizops.metrics import METRICS
from bizops.press.prose import paragraphs
from bizops.reports.base import Report, report_names

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bizops"
Message = str | tuple[str, str]
_SAYS = {"say", "message"}


def messages() -> dict[Message, list[str]]:
    """Return every text with the places that say it; a tuple is a singular with its plural."""
    found: dict[Message, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        for text in _of_module(file):
            found.setdefault(text, []).append(file.relative_to(ROOT).as_posix())
    for file in sorted((PACKAGE / "press" / "template").glob("*.j2")):
        for text in _of_template(file.read_text(encoding="utf-8")):
            found.setdefault(text, []).append(file.relative_to(ROOT).as_posix())
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for text in _of_notebook(json.loads(file.read_text(encoding="utf-8"))):
            found.setdefault(text, []).append(file.relative_to(ROOT).as_posix())
    for text in _names():
        found.setdefault(text, []).append("bizops/metrics")
    found.pop("", None)
    return found


def _of_module(file: Path) -> Iterator[Message]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in _SAYS:
            yield from _texts(node.args[0], module)
        elif name == "plural" and len(node.args) > 2:
            yield from zip(*(_texts(arg, module) for arg in node.args[1:3]), strict=True)


def _texts(node: ast.expr, module: str) -> Iterator[str]:
    """Yield the texts that an argument of ``say`` can be, as far as the source tells."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, module)
        yield from _texts(node.orelse, module)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value, module)
    elif isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)):
        yield from _strings(_constant(node, module))


def _constant(node: ast.expr, module: str) -> Any:
    """The values that a name, an item or an attribute of a module's constant can have; nothing for a variable."""
    if isinstance(node, ast.Name):
        return getattr(importlib.import_module(module), node.id, None) if node.id.strip("_").isupper() else None
    if isinstance(node, ast.Subscript):
        held = _constant(node.value, module)
        return list(held.values()) if isinstance(held, Mapping) else held
    if isinstance(node, ast.Attribute):
        held = _constant(node.value, module)
        return [getattr(item, node.attr, None) for item in held] if isinstance(held, (list, tuple)) else None
    return None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _of_template(source: str) -> Iterator[Message]:
    tree = Environment(autoescape=True).parse(source)
    for _, name, given in extract_from_ast(tree, ("_", "say", "plural"), babel_style=False):
        texts = [text for text in (given if isinstance(given, tuple) else (given,)) if text]
        if name == "plural":
            yield texts[0], texts[1]
        else:
            yield texts[0]


def _of_notebook(notebook: Mapping[str, Any]) -> Iterator[str]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            yield from paragraphs("".join(cell["source"]))


def _names() -> Iterator[str]:
    """Yield the names of the metrics that reports use, and of the policies."""
    for name in report_names():
        ids = getattr(Report(name).module, "METRIC_IDS", ())
        yield from (METRICS[id_].name for id_ in ids)
    yield from (policy.name for policy in POLICIES.values())


def read(file: Path) -> Catalog:
    """Return a catalogue."""
    with file.open("rb") as handle:
        return read_po(handle, locale=file.stem)


def update(file: Path, wanted: Mapping[Message, list[str]]) -> int:
    """Write a catalogue that holds just the texts ``wanted``; returns how many have no translation yet."""
    old = read(file)
    new = Catalog(locale=file.stem, project="bizops", version="1.0", header_comment=old.header_comment, fuzzy=False)
    new.msgid_bugs_address = new.last_translator = new.language_team = ""
    new.creation_date, new.revision_date = old.creation_date, old.revision_date
    for text in sorted(wanted, key=lambda t: (wanted[t][0], t if isinstance(t, str) else t[0])):
        known = old.get(text if isinstance(text, str) else text[0])
        said = known.string if known and known.id == text else ""
        new.add(text, said or None, locations=[(min(wanted[text]), 0)])
    with file.open("wb") as handle:
        write_po(handle, new, width=120, include_lineno=False)
    return sum(not _complete(entry) for entry in new if entry.id)


def _complete(entry: Any) -> bool:
    return bool(entry.string) and all((entry.string,) if isinstance(entry.string, str) else entry.string)


def main() -> None:
    """Bring every catalogue up to date and say what is left to translate."""
    wanted = messages()
    for file in sorted(FOLDER.glob("*.po")):
        sys.stdout.write(f"{file.name}: {len(wanted)} texts, {update(file, wanted)} to translate\n")


if __name__ == "__main__":
    main()
