"""A page as PDF: tagged, with bookmarks and page numbers, printed by a Chromium of this machine without a network.

Chromium is asked from the command line, in a folder of its own that is gone afterwards. What is printed is the page as
it is, in the style sheet's print rules, plus a footer on every sheet: the confidentiality label and the page number,
as CSS margin boxes (Chromium 131 and later draw them).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from bizops.errors import RunError
from bizops.press.templates import allowing

TIMEOUT_S = 60
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--no-first-run", "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer", "--generate-pdf-document-outline",
    "--export-tagged-pdf",
)  # fmt: skip
_BESIDE = re.compile(r'(<a\b[^<>]*?)\shref="(?!#|https?:|mailto:)[^"]*"')
_DATE = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}[^)]*\)")


def browser() -> str | None:
    """Return the Chromium that prints: the one in the environment's ``CHROME``, else the first of the usual names."""
    named = os.environ.get("CHROME")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, _NAMES)), None)


def printed(page: str, *, footer: str = "", moment: str = "", timeout_s: float = TIMEOUT_S) -> bytes:
    """Return a page as PDF.

    Parameters
    ----------
    page
        A whole page as `render` makes it; its links to files beside it become plain text.
    footer
        What stands at the left of every sheet's foot; the page number stands at the right.
    moment
        ISO instant that the file names as its own in place of the clock's, so that the same page gives the same bytes.
    timeout_s
        Seconds after which the browser is ended.

    Raises
    ------
    RunError
        There is no browser, or it did not print.
    """
    chromium = browser()
    if chromium is None:
        raise RunError("no Chromium was found on this machine; install one, or name its program in CHROME")
    with tempfile.TemporaryDirectory(prefix="bizops-print-") as folder:
        source, target = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(_with_footer(page, footer), encoding="utf-8")
        command = [chromium, *_FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", source.as_uri()]
        # Chromium does not start for the superuser unless its sandbox is off; the page is our own and runs nothing else
        code = _run([*command[:-1], "--no-sandbox", command[-1]] if os.geteuid() == 0 else command, folder, timeout_s)
        if code or not target.is_file():
            raise RunError(f"Chromium could not print the page (exit code {code})")
        return _dated(target.read_bytes(), moment)


def _run(command: list[str], folder: str, timeout_s: float) -> int:
    """Return the exit code of a program; one that takes too long is ended with everything that it started."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}
    with subprocess.Popen(command, env=environment, start_new_session=True, **quiet) as process:  # type: ignore[call-overload]
        try:
            return int(process.wait(timeout_s))
        except subprocess.TimeoutExpired:
            raise RunError(f"Chromium did not print the page within {timeout_s:.0f} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _with_footer(page: str, footer: str) -> str:
    """Return the page for printing: label and page number at every foot, no link to a file beside it."""
    look = "font:8pt system-ui,sans-serif;color:#505A5F"
    numbered = f'@bottom-right{{content:counter(page) " / " counter(pages);{look}}}'
    labelled = f'@bottom-left{{content:"{_css_text(footer)}";{look};white-space:nowrap}}' if footer else ""
    # a bookmark is a heading line by line, and would lack the space at which a line was broken
    style = f"@page{{{labelled}{numbered}}}h1,h2,h3{{white-space:pre-wrap}}"
    # what lies beside the page on the screen would be a path of this machine on paper
    page = detached(page)
    return allowing(page, style).replace("</head>", f"<style>{style}</style></head>", 1)


def detached(page: str) -> str:
    """Return the page with its links to files beside it turned into plain text."""
    return _BESIDE.sub(r"\1", page)


def _css_text(text: str) -> str:
    """Return text for a CSS string: whatever is not a letter or a digit by its number."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)


def _dated(pdf: bytes, moment: str) -> bytes:
    """Return the file with ``moment`` in place of the time of printing, digit by digit, so that no offset changes."""
    digits = re.sub(r"\D", "", moment)[:14].ljust(14, "0") if moment else "20000101000000"

    def same_length(found: re.Match[bytes]) -> bytes:
        start = b"/" + found[1] + b" (D:" + digits.encode()
        return start + b"Z".ljust(len(found[0]) - len(start) - 1, b" ")[: len(found[0]) - len(start) - 1] + b")"

    return _DATE.sub(same_length, pdf)
