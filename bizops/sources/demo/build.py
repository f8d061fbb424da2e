"""Builds the demo company: simulates it, writes its tables and the truth beside them, and shows them all at once."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from bizops.errors import InputError, did_you_mean
from bizops.sources.demo import (
    account_tables,
    activities,
    finance,
    forecasts,
    invoices,
    marketing,
    people_tables,
    pipeline_tables,
    programmes,
    revenue_tables,
    service,
    targets,
)
from bizops.sources.demo.columns import Column, write
from bizops.sources.demo.model import Model, simulate
from bizops.sources.demo.plants import ALL, PLANTS
from bizops.sources.demo.truth import truth
from bizops.sources.demo.world import World

TRUTH = "truth.json"
LEAST_SCALE = 0.05


def build_demo(out: Path, *, seed: int = 7, scale: float = 1.0, plant: Collection[str] = ALL) -> Path:
    """Build the demo company as a folder of canonical tables and return the folder.

    Parameters
    ----------
    out
        Folder to make or to replace. It gets ``<table>.parquet`` for each table and ``truth.json``, which says what
        was planted where. It appears complete or not at all.
    seed
        The same seed, scale and plants give the same bytes.
    scale
        1 is about 1,500 accounts and 60 sellers; everything but the calendar grows with it.
    plant
        Names of `PLANTS`; what is left out is not there, and all else stays as it is.

    Raises
    ------
    InputError
        An unknown plant, a negative seed, a scale under 0.05, or an ``out`` that holds something else.
    """
    world = _world(seed, scale, plant)
    out = Path(out)
    _refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}.building-", dir=out.parent))
    try:
        _fill(building, world)
        _show(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return out


def _world(seed: int, scale: float, plant: Collection[str]) -> World:
    if isinstance(plant, str):
        raise InputError(f"plant is one text, '{plant}'", where="demo", fix="give a list of names of plants")
    for name in plant:
        if name not in PLANTS:
            raise InputError(
                f"there is no plant '{name}'.{did_you_mean(name, PLANTS)}",
                where="demo",
                fix=f"choose among {', '.join(PLANTS)}",
            )
    if seed < 0:
        raise InputError(f"the seed is {seed}", where="demo", fix="give a whole number from 0")
    if not scale >= LEAST_SCALE:
        raise InputError(f"the scale is {scale}", where="demo", fix=f"give a number from {LEAST_SCALE}")
    return World(seed=seed, scale=scale, planted=frozenset(plant))


def _refuse_foreign(out: Path) -> None:
    """Replace only what a build made: a folder with the truth beside the tables, or an empty one."""
    if out.exists() and not (out.is_dir() and ((out / TRUTH).is_file() or not any(out.iterdir()))):
        raise InputError(
            "the folder holds something that is no demo company",
            where=str(out),
            fix="choose another folder, or remove this one",
        )


def _fill(folder: Path, world: World) -> None:
    model = simulate(world)
    n_rows = {}
    for make in _makers(model):
        for name, columns in make().items():
            n_rows[name] = write(folder, name, columns)
    record = {**truth(model), "rows": n_rows}
    (folder / TRUTH).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _makers(model: Model) -> Iterator[Callable[[], dict[str, dict[str, Column]]]]:
    """Makers of tables, called one after the other so that only the columns of some are in memory."""
    planned = targets.plan(model)
    for module in (
        people_tables,
        account_tables,
        pipeline_tables,
        revenue_tables,
        marketing,
        finance,
        service,
        programmes,
    ):
        yield lambda module=module: module.tables(model)  # type: ignore[misc]
    yield lambda: {"activity": activities.table(model)}
    yield lambda: {"invoice": invoices.table(model)}
    yield lambda: {
        "plan": targets.plan_table(model, planned),
        "quota": targets.quota_table(model, planned),
        "forecast_submission": forecasts.table(model, planned),
    }


def _show(building: Path, out: Path) -> None:
    """Put the finished folder in the place of the former one."""
    building.chmod(0o755)
    if not out.exists():
        building.rename(out)
        return
    former = Path(tempfile.mkdtemp(prefix=f".{out.name}.former-", dir=out.parent))
    try:
        out.rename(former / "tables")
        building.rename(out)
    finally:
        shutil.rmtree(former, ignore_errors=True)
