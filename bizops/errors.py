"""The few exceptions, and the wording that they share.

An error is written for the person at the keyboard: where it is, what was found, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any


class BizopsError(Exception):
    """Anything that the workbench refuses or fails at; its text is the whole message for the user."""


class InputError(BizopsError):
    """Bad input: a parameter, a settings file, a mapping or the data. Nothing was executed or written.

    Parameters
    ----------
    problem
        What was found and what was expected, one sentence without a full stop.
    where
        The file, table, column or parameter concerned.
    fix
        What to do about it.
    """

    def __init__(self, problem: str, *, where: str = "", fix: str = "") -> None:
        self.problem, self.where, self.fix = problem, where, fix
        super().__init__((f"{where}: " if where else "") + problem + (f"\n  fix: {fix}" if fix else ""))


class ContractError(InputError):
    """The data break the contract. ``violations`` holds one record a broken rule, worst first."""

    def __init__(self, violations: Sequence[Any], *, where: str = "") -> None:
        self.violations = tuple(violations)
        count = len(self.violations)
        shown = "\n".join(f"  {v}" for v in self.violations)
        super().__init__(
            f"{count} {'rule' if count == 1 else 'rules'} of the data contract broken\n{shown}",
            where=where,
            fix="mend the rows named above at their source or in the mapping, then run `bizops check`",
        )


class RunError(BizopsError):
    """A run started and did not complete; the last good page stays."""


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest of ``options``, or an empty string.

    >>> did_you_mean("perod", ["period", "as_of"])
    " Did you mean 'period'?"
    >>> did_you_mean("colour", ["period"])
    ''
    """
    near = get_close_matches(str(name), list(options), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
