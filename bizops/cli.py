"""The command line: ``bizops run``, ``preview``, ``list``, ``describe``, ``check``, ``demo``, ``new``, ``map`` ...

Exit codes: 0 all good, 1 a run failed, 2 bad input and nothing was executed. Nothing heavy is imported before a command
needs it, so that ``bizops --help`` and the shell's completion answer at once.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from bizops.errors import BizopsError, InputError

_REPORTS = Path(__file__).parent / "reports"
_COMPLETE_VARIABLE = "_BIZOPS_COMPLETE"


class _Commands(click.Group):
    """Tells our own errors in their words, and unexpected ones shortly; ``--json`` gets them as a document."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BizopsError as error:
            code, text = (2 if isinstance(error, InputError) else 1), str(error)
            _tell(context, error, text)
        except Exception as error:  # noqa: BLE001  told below, with its traceback if asked for
            code, text = 1, f"unexpected {type(error).__name__}: {error}"
            _tell(context, error, f"{text}\n  fix: run it again as `bizops --debug ...` and report the traceback")
        return context.exit(code)


def _tell(context: click.Context, error: Exception, text: str) -> None:
    if context.find_root().params.get("debug"):
        click.echo(traceback.format_exc(), err=True)
    click.echo(f"error: {text}", err=True)
    if context.find_root().meta.get("json"):
        _answer({"version": "1.0", "error": {"type": type(error).__name__, "message": text}})


def _answer(document: Any) -> None:
    """Print the one JSON document of a command."""
    import json

    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=str))


def _says_json(context: click.Context, _: click.Parameter, value: bool) -> bool:
    context.find_root().meta["json"] = value
    return value


def _known_reports(*_: Any) -> list[str]:
    """Names of reports by their files, without importing one: this runs at every press of the tab key."""
    names = [p.stem for p in _REPORTS.glob("*.py")] + [p.parent.name for p in _REPORTS.glob("*/__init__.py")]
    return sorted(name for name in names if name != "base" and not name.startswith("_"))


def _typed_report(context: click.Context) -> str:
    """The report named on a line that is still being typed; click leaves it unparsed after an open option."""
    return context.params.get("report") or next((a for a in context.args if a in _known_reports()), "")


def _complete_report(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in _known_reports() if name.startswith(typed)]


def _complete_case(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    from bizops.company import project_root
    from bizops.runs.cases import case_names

    try:
        names = case_names(project_root(), _typed_report(context))
    except InputError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(typed)]


def _complete_parameter(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    from bizops.reports.base import find_report
    from bizops.runs.typed import choices

    try:
        fields = find_report(_typed_report(context)).params.model_fields
    except InputError:
        return []
    name, equals, value = typed.partition("=")
    if not equals:
        return [CompletionItem(f"{f}=", help=i.description) for f, i in fields.items() if f.startswith(name)]
    known = choices(fields[name].annotation) if name in fields else ()
    return [CompletionItem(f"{name}={c}") for c in known if c.startswith(value)]


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from bizops.runs.provenance import version

        click.echo(f"bizops {version()}")
        context.exit()


_json = click.option("--json", "as_json", is_flag=True, callback=_says_json, help="Answer with one JSON document.")
_company = click.option("--company", metavar="FILE", help="Settings file of another company than the case's own.")
_as_of = click.option("--as-of", metavar="DATE", help="Day at whose end the report is true (YYYY-MM-DD).")
_folder = click.Path(file_okay=False, path_type=Path)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli(debug: bool) -> None:
    """Run reports on a company's data, and look after the data and the reports.

    Exit codes: 0 all good, 1 a run failed, 2 bad input and nothing was executed.
    """


@cli.command(short_help="Run reports and publish the pages.")
@click.argument("report", required=False, shell_complete=_complete_report)
@click.option("--all", "everything", is_flag=True, help="Run every case of REPORT, or of all reports.")
@click.option("--case", metavar="NAME", shell_complete=_complete_case, help="Case of the report.  [default: default]")
@click.option(
    "-p",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=_complete_parameter,
    help="Set a parameter; may be repeated. Such a run is kept and never becomes the latest of its case.",
)
@_as_of
@_company
@click.option(
    "--baseline",
    default="previous",
    show_default=True,
    metavar="RUN",
    help="What the page is compared with: previous, last-quarter, last-year, none, or the id of a run.",
)
@click.option("--out", type=_folder, metavar="DIR", help="Where pages go.  [default: outputs/ of the project]")
@_json
@click.pass_context
def run(context: click.Context, /, report: str | None, everything: bool, case: str | None, **options: Any) -> None:
    """Run a case of REPORT, or every case with --all, and publish the pages.

    \b
    bizops run qbr
    bizops run qbr --case emea --as-of 2026-09-30
    bizops run qbr -p period=2026Q2 -p level=region -p member=EMEA
    bizops run qbr --baseline last-year
    bizops run --all

    A page becomes the latest of its case if nothing is overridden and no newer --as-of was there before. A run with -p,
    or of another --company than the case's own, is kept and listed and never becomes the latest.
    """  # noqa: D301  click wants the character itself
    from bizops.cli_run import run_reports

    if everything and (case or options["overrides"]):
        raise click.UsageError("--all runs every case as it is; --case and -p belong to one case")
    if not everything and not report:
        raise click.UsageError("name a REPORT, or give --all; `bizops list` tells the reports")
    context.exit(run_reports(report, None if everything else case or "default", debug=_debug(context), **options))


def _debug(context: click.Context) -> bool:
    return bool(context.find_root().params.get("debug"))


@cli.command("list")
@click.option("--out", type=_folder, metavar="DIR", help="Where pages are.  [default: outputs/ of the project]")
@_json
def list_(out: Path | None, as_json: bool) -> None:
    """List reports, their cases and the latest page of each."""
    from bizops.cli_show import reports_document, reports_text

    document = reports_document(out)
    _answer(document) if as_json else click.echo(reports_text(document))


@cli.command(short_help="Tell parameters, sections and cases of a report.")
@click.argument("report", shell_complete=_complete_report)
@_json
def describe(report: str, as_json: bool) -> None:
    """Tell what REPORT answers: its parameters, its sections with the data that they need, its cases."""
    from bizops.cli_show import description_document, description_text

    document = description_document(report)
    _answer(document) if as_json else click.echo(description_text(document))


@cli.command(short_help="Check the data against the contract.")
@_company
@_as_of
@_json
@click.pass_context
def check(context: click.Context, company: str | None, as_of: str | None, as_json: bool) -> None:
    """Check the data against the contract, and tell which sections of the reports they support.

    Exit code 2 if a rule of the contract is broken or a report cannot run on the data; warnings alone leave it at 0.
    """
    from bizops.cli_check import check_document, check_text

    document = check_document(company, as_of)
    _answer(document) if as_json else click.echo(check_text(document))
    context.exit(2 if document["errors"] or any(r["refused"] for r in document["reports"]) else 0)


@cli.command(short_help="Build the demo company.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Size, as a multiple of 1,500 accounts.")
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of the random numbers.")
@click.option(
    "--plant", default="all", show_default=True, metavar="all|none|NAME,...", help="Effects to plant in the data."
)
@click.option("--out", type=_folder, metavar="DIR", help="Where to.  [default: outputs/_data/demo of the project]")
@_json
def demo(scale: float, seed: int, plant: str, out: Path | None, as_json: bool) -> None:
    """Build the demo company: three years of a software business whose truth is known."""
    from bizops.cli_data import build, built_text

    document = build(scale, seed, plant, out)
    _answer(document) if as_json else click.echo(built_text(document))


@cli.command(short_help="Write a new report that runs at once.")
@click.argument("report")
@_json
def new(report: str, as_json: bool) -> None:
    """Write a new REPORT: its module, notebook, case file and test; it runs at once."""
    from bizops.cli_new import write_report

    document = write_report(report)
    if as_json:
        _answer(document)
    else:
        click.echo("\n".join([*(f"wrote {name}" for name in document["files"]), f"now: bizops run {document['name']}"]))


@cli.command("map", short_help="Propose a mapping of files into the contract.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the draft there.")
@_json
def map_(files: tuple[Path, ...], out: Path | None, as_json: bool) -> None:
    """Propose a mapping of FILES into the contract from their headers; what is unclear is marked in the draft."""
    from bizops.cli_data import draft, draft_text

    document = draft(files, out)
    _answer(document) if as_json else click.echo(draft_text(document))


@cli.command(short_help="Show a saved notebook as its reader sees it.")
@click.argument("notebook", metavar="NOTEBOOK|REPORT", shell_complete=_complete_report)
@click.option(
    "--edition",
    type=click.Choice(["leadership", "manager", "analyst"]),
    default="leadership",
    show_default=True,
    help="Whose page to show.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the page there.  [default: outputs/_preview/ of the project]",
)
@_json
def preview(notebook: str, edition: str, opens: bool, to: Path | None, as_json: bool) -> None:
    """Show the saved NOTEBOOK, or that of a REPORT, as its reader sees it, from the outputs stored in it.

    Nothing is executed. A notebook without results ends with exit code 2.
    """
    from bizops.cli_preview import preview as write_page

    page = write_page(notebook, edition, to)
    if as_json:
        _answer({"version": "1.0", "page": str(page), "edition": edition})
    else:
        click.echo(str(page))
    if opens:
        click.launch(str(page))


@cli.command(short_help="Copy one edition of a run to a folder.")
@click.argument("report", shell_complete=_complete_report)
@click.option("--case", metavar="NAME", shell_complete=_complete_case, help="Case of the report.  [default: default]")
@click.option("--run", "run_id", metavar="ID", help="Which run.  [default: the latest good one of the case]")
@click.option("--edition", required=True, metavar="NAME", help="Whose edition: leadership, manager or analyst.")
@click.option("--to", required=True, type=_folder, metavar="FOLDER", help="A new folder, or one with an earlier copy.")
@click.option("--out", type=_folder, metavar="DIR", help="Where the runs are.  [default: outputs/ of the project]")
@_json
def publish(
    report: str, case: str | None, run_id: str | None, edition: str, to: Path, out: Path | None, as_json: bool
) -> None:
    """Copy exactly the files of one edition of a run of REPORT to a folder: page, mail, PDF, workbook, tables.

    \b
    bizops publish qbr --edition leadership --to /srv/reports/qbr
    bizops publish qbr --case emea --edition manager --to ./for-emea
    """  # noqa: D301  click wants the character itself
    from bizops.cli_publish import publish_edition, published_text

    document = publish_edition(report, case, edition, to, run_id, out)
    _answer(document) if as_json else click.echo(published_text(document))


@cli.command(short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a SHELL.

    \b
    bash: eval "$(bizops completion bash)"
    zsh:  eval "$(bizops completion zsh)"
    fish: bizops completion fish > ~/.config/fish/completions/bizops.fish
    """  # noqa: D301  click wants the character itself
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(made(cli, {}, "bizops", _COMPLETE_VARIABLE).source())


def main() -> None:
    """Run the command line; the entry point of ``bizops``."""
    cli(prog_name="bizops", complete_var=_COMPLETE_VARIABLE)


if __name__ == "__main__":
    main()
