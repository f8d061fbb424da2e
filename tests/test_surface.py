"""The public surface: every name that the package promises is there, and nothing is loaded before it is used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import bizops


@pytest.mark.parametrize("name", bizops.__all__)
def test_a_promised_name_is_there_and_documented(name: str) -> None:
    home = importlib.import_module(bizops._HOME_OF[name])
    assert getattr(bizops, name) is getattr(home, name)
    assert name in dir(bizops)
    assert name in (bizops.__doc__ or "")


def test_the_list_and_the_homes_agree() -> None:
    assert sorted(bizops.__all__) == sorted(bizops._HOME_OF)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'opn_data'"):
        bizops.opn_data  # noqa: B018


def test_the_version_is_that_of_the_project() -> None:
    assert bizops.__version__ == "0.1.0"


def test_import_loads_nothing() -> None:
    code = "import sys; before = set(sys.modules); import bizops; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = ("pydantic", "pandas", "ibis", "bizops.")
    assert not [m for m in eval(done.stdout) if m.startswith(heavy)]
