"""From an executed notebook to what people read: the page, the failure page, the site, and the files beside a page.

>>> from bizops.press import render
>>> render.__name__
'render'
"""

from bizops.press.downloads import findings_of, tables_of
from bizops.press.failure import failure_page
from bizops.press.page import EDITIONS, render
from bizops.press.site import build_site

__all__ = ["EDITIONS", "build_site", "failure_page", "findings_of", "render", "tables_of"]
