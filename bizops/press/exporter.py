"""Notebook to page through nbconvert, with our own template and without its second pass over the finished page.

``PageExporter`` is a plain nbconvert exporter, so that a notebook can also be exported from code or JupyterLab. It
stands on ``TemplateExporter`` and not on ``HTMLExporter``: that one parses the finished page again to add
alternative texts, which costs 190 ms a page and rewrites the ids of our charts; our charts bring their own texts.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment
from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat import NotebookNode
from traitlets import List, Unicode, default

from bizops.language import speaking
from bizops.press.page import assemble, finish, locale_of
from bizops.press.templates import FOLDER, environment


class PageExporter(TemplateExporter):
    """One self-contained HTML page of an executed notebook.

    ``edition`` is ``leadership`` or ``manager`` (no code, no streams) or ``analyst``. The run's record is taken from
    ``resources["record"]``; without one the page says less about its run. With
    ``resources["alone"]`` it links to no file.
    """

    export_from_notebook = "BizOps page"
    output_mimetype = "text/html"
    edition = Unicode("leadership", help="leadership, manager or analyst").tag(config=True)
    # Nothing changes the notebook before the page reads it; each step would validate it once more.
    default_preprocessors: Any = List([])

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_file")
    def _template_file_default(self) -> str:
        return "page.html.j2"

    @default("template_paths")
    def _template_paths(self, prune: bool = True, root_dirs: Any = None) -> list[str]:
        return [str(FOLDER)]

    def _create_environment(self) -> Environment:
        return environment()

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and the resources; `RunError` when two different exhibits share an id."""
        resources = dict(resources or {})
        record = resources.get("record", {})
        with speaking(locale_of(record)):
            resources["page"] = assemble(nb, self.edition, record, resources.get("beside", ()))
            output, resources = super().from_notebook_node(nb, resources, **kw)
            return finish(output, alone=resources.get("alone", False)), resources
