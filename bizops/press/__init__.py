"""From an executed notebook to what people read: the page, the failure page, the site, and the files beside a page.

>>> from bizops.press import render
>>> render.__name__
'render'
"""

from bizops.findings.editing import Edit, check_template
from bizops.press.compare import compare, not_compared
from bizops.press.downloads import findings_of, tables_of
from bizops.press.edited import edited
from bizops.press.editions import EDITIONS, edition_of, editions_of, with_payloads
from bizops.press.failure import failure_page
from bizops.press.page import render
from bizops.press.release import Release, release
from bizops.press.site import build_site

__all__ = [
    "EDITIONS", "Edit", "Release",
    "build_site", "check_template", "compare", "edited", "edition_of", "editions_of", "failure_page", "findings_of",
    "not_compared", "release", "render", "tables_of", "with_payloads",
]  # fmt: skip
