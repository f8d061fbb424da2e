"""Cases: named sets of parameters of a report, from ``params/<report>.yaml``, checked before any kernel starts.

The file is read without YAML's guesses: a plain scalar is text until the report's model says what it is (`typed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from bizops.errors import InputError, did_you_mean
from bizops.runs import strict_yaml
from bizops.runs.typed import expected, from_text, is_text, item_type, optional

DEFAULT = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_NOTHING = ("", "~", "null")


class Report(Protocol):
    """What a run needs to know of a report; `bizops.reports.base.Report` is one."""

    @property
    def name(self) -> str:
        """Its name, as in the file names."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def params(self) -> type[BaseModel]:
        """The model of its parameters."""

    def notebook(self, root: Path) -> Path:
        """The path of its notebook below the project root."""


@dataclass(frozen=True)
class Setting:
    """One parameter as somebody wrote it, and where; ``node`` is a YAML node, or text from the command line."""

    name: str
    node: Any
    where: str

    @property
    def of_command(self) -> bool:
        """Whether it was written on the command line."""
        return isinstance(self.node, str)


@dataclass(frozen=True)
class Case:
    """A named set of parameters of a report, as written; `values_of` reads them."""

    report: str
    name: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    where: str = ""


def case_file(root: Path, report: str) -> Path:
    """Return the path of a report's case file."""
    return root / "params" / f"{report}.yaml"


def case_names(root: Path, report: str) -> list[str]:
    """Return the names of a report's cases in file order; nothing if the file cannot be read (for completion)."""
    try:
        return list(read_cases(root, report))
    except InputError:
        return []


def read_cases(root: Path, report: str) -> dict[str, Case]:
    """Return a report's cases by name, in file order.

    Raises
    ------
    InputError
        The file is missing, is not YAML, gives a key twice, or has another shape than ``cases: {name: {parameter:
        value}}``; with the line.
    """
    path = case_file(root, report)
    shown = f"params/{path.name}"
    top = strict_yaml.mapping(strict_yaml.compose(path, shown), shown)
    for key, (key_node, _) in top.items():
        if key != "cases":
            raise InputError(
                f"unknown name '{key}'.{did_you_mean(key, ['cases'])}",
                where=strict_yaml.at(shown, key_node),
                fix="the file holds 'cases:' and nothing else at its left edge",
            )
    if "cases" not in top:
        raise InputError("no cases", where=shown, fix="write 'cases:' with one named case, such as 'default: {}'")
    named = strict_yaml.mapping(top["cases"][1], shown)
    if not named:
        raise InputError("no cases", where=shown, fix="add one named case, such as 'default: {}'")
    return {name: _case(report, name, key_node, node, shown) for name, (key_node, node) in named.items()}


def find_case(root: Path, report: str, name: str) -> Case:
    """Return one case of a report; an unknown name is an `InputError` with the nearest one."""
    cases = read_cases(root, report)
    if name not in cases:
        raise InputError(
            f"report '{report}' has no case '{name}'.{did_you_mean(name, cases)}",
            where=f"params/{report}.yaml",
            fix=f"choose one of: {', '.join(cases)}",
        )
    return cases[name]


def from_options(pairs: Iterable[str]) -> dict[str, Setting]:
    """Return the settings of ``name=value`` texts from the command line."""
    settings: dict[str, Setting] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise InputError(f"expected name=value, found '{pair}'", where="-p", fix="write for example -p period=last")
        if name in settings:
            raise InputError(f"parameter '{name}' is given twice", where="-p", fix="give it once")
        settings[name] = Setting(name, text, f"-p {name}")
    return settings


def values_of(
    model: type[BaseModel], settings: Mapping[str, Setting], where: str, *, alone: Mapping[str, Setting] | None = None
) -> BaseModel:
    """Return the parameters that ``settings`` give, checked by ``model``.

    ``where`` is the place of the case, ``alone`` the settings that the case has without the command line: values that
    do not fit each other are told at the place that brought them together.

    Raises
    ------
    InputError
        Lists every unknown name (with the nearest one) and every wrong value, each with its place.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, setting in settings.items():
        known = model.model_fields.get(name)
        if known is None:
            near = did_you_mean(name, model.model_fields)
            problems.append(f"{setting.where}: unknown parameter '{name}'.{near}")
            continue
        try:
            values[name] = _value(setting.node, known.annotation)
        except ValueError as error:
            problems.append(f"{setting.where}: '{name}': {error}")
    if not problems:
        try:
            return model.model_validate(values)
        except ValidationError as error:
            place = _together(model, settings, alone, where)
            problems = [_explain(item, settings, place) for item in error.errors(include_url=False)]
    fix = "correct it" if len(problems) == 1 else "correct them"
    raise InputError(
        problems[0] if len(problems) == 1 else "parameters are wrong\n  " + "\n  ".join(problems),
        where="" if len(problems) == 1 else where,
        fix=f"{fix}; `bizops describe` tells every parameter of a report",
    )


def _together(
    model: type[BaseModel], settings: Mapping[str, Setting], alone: Mapping[str, Setting] | None, where: str
) -> str:
    """The place to name for values that do not fit each other: the command line's if the case alone is good."""
    given = {name: setting for name, setting in settings.items() if setting.of_command}
    if alone is None or not given or not _fits(model, alone):
        return where
    blamed = [s for name, s in given.items() if _fits(model, _without(settings, name, alone))]
    return ", ".join(setting.where for setting in blamed or given.values())


def _without(settings: Mapping[str, Setting], name: str, alone: Mapping[str, Setting]) -> dict[str, Setting]:
    """The settings with one of the command line's taken back."""
    return {k: alone[k] if k == name else s for k, s in settings.items() if k != name or k in alone}


def _fits(model: type[BaseModel], settings: Mapping[str, Setting]) -> bool:
    """Whether the model takes these settings."""
    try:
        model.model_validate({k: _value(s.node, model.model_fields[k].annotation) for k, s in settings.items()})
    except (ValueError, KeyError):  # pydantic's error is a ValueError; a name the model does not know a KeyError
        return False
    return True


def _explain(item: Any, settings: Mapping[str, Setting], where: str) -> str:
    name = str(item["loc"][0]) if item["loc"] else ""
    message = re.sub(r"^(Value|Assertion) error, ", "", item["msg"])
    place = settings[name].where if name in settings else where
    return f"{place}: '{name}': {message}" if name else f"{place}: {message}"


def _case(report: str, name: str, key_node: strict_yaml.Node, node: strict_yaml.Node, shown: str) -> Case:
    where = f"{strict_yaml.at(shown, key_node)}, case '{name}'"
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot be a case's name, which is a folder's name too",
            where=strict_yaml.at(shown, key_node),
            fix="use letters, digits, '-', '_' and '.', and begin with a letter or digit",
        )
    if strict_yaml.plain(node) in _NOTHING:
        return Case(report, name, {}, where)
    values = strict_yaml.mapping(node, shown)
    settings = {k: Setting(k, v, f"{strict_yaml.at(shown, key)}, case '{name}'") for k, (key, v) in values.items()}
    return Case(report, name, settings, where)


def _value(node: Any, kind: Any) -> Any:
    """Return the value of a command line's text or of a YAML node, in a field of type ``kind``."""
    if isinstance(node, str):
        return from_text(node, kind)
    if tag := strict_yaml.own_tag(node):
        raise ValueError(f"the tag {tag} is not allowed here")
    if (text := strict_yaml.plain(node)) is not None:
        return _plain(text, kind)
    if (text := strict_yaml.quoted(node)) is not None:
        if not is_text(kind):
            raise ValueError(f"expected {expected(kind)}, found the text '{text}'; leave out the quotes")
        return from_text(text, kind)
    found, (container, inner) = strict_yaml.items(node), item_type(kind)
    if found is None or container is None:
        raise ValueError(f"expected {expected(kind)}, found a {'mapping' if found is None else 'list'}")
    return container(_value(item, inner) for item in found)


def _plain(text: str, kind: Any) -> Any:
    if text not in _NOTHING:
        return from_text(text, kind)
    if not optional(kind):
        raise ValueError(f"expected {expected(kind)}, found nothing")
    return None
