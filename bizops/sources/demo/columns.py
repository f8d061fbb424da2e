"""Columns of tables to be written: plain arrays of numbers, turned into Arrow text, dates and decimals piece by piece.

Texts and decimals of millions of rows are large; the numbers behind them are not. So a column knows how to make any
slice of itself, and a table is written in pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bizops.sources.demo.days import EXTRACTED_AT, NEVER, Flags, Numbers, Reals

PIECE = 500_000
"""Rows made at a time."""

MONEY = pa.decimal128(18, 2)
RATE = pa.decimal128(18, 8)
INSTANT = pa.timestamp("us", tz="UTC")
NEVER_AT = NEVER * 86_400


@dataclass(frozen=True)
class Column:
    """A column of ``n`` rows; ``make`` returns the Arrow array of a slice."""

    n: int
    make: Callable[[slice], pa.Array]


def key(prefix: str, numbers: Numbers, width: int = 6) -> Column:
    """Return keys such as ``demo:acc-000012``; negative numbers are empty."""

    def make(part: slice) -> pa.Array:
        values = numbers[part]
        text = pc.utf8_lpad(pa.array(values, mask=values < 0).cast(pa.string()), width, "0")
        return pc.binary_join_element_wise(prefix, text, "")

    return Column(len(numbers), make)


def joined(separator: str, *parts: Column | str) -> Column:
    """Return texts put together from columns and fixed texts."""
    n = next(each.n for each in parts if isinstance(each, Column))

    def make(part: slice) -> pa.Array:
        pieces = [each.make(part) if isinstance(each, Column) else each for each in parts]
        return pc.binary_join_element_wise(*pieces, separator)

    return Column(n, make)


def label(codes: Numbers, names: Sequence[str] | pa.Array) -> Column:
    """Return names by position; negative positions are empty."""
    named = names if isinstance(names, pa.Array) else pa.array(list(names), pa.string())

    def make(part: slice) -> pa.Array:
        values = codes[part]
        return pc.take(named, pa.array(values, mask=values < 0))

    return Column(len(codes), make)


def date(days: Numbers) -> Column:
    """Return dates; NEVER is empty."""

    def make(part: slice) -> pa.Array:
        values = days[part]
        return pa.array(values.astype("int32"), pa.int32(), mask=values >= NEVER).cast(pa.date32())

    return Column(len(days), make)


def stamp(seconds: Numbers) -> Column:
    """Return instants in UTC from seconds since 1970; NEVER_AT is empty."""

    def make(part: slice) -> pa.Array:
        values = seconds[part]
        missing = values >= NEVER_AT
        return pa.array(np.where(missing, 0, values) * 1_000_000, pa.int64(), mask=missing).cast(INSTANT)

    return Column(len(seconds), make)


def decimal(units: Numbers, type_: pa.DataType, missing: Flags | None = None) -> Column:
    """Return exact decimals from whole numbers of their last digit."""

    def make(part: slice) -> pa.Array:
        values = units[part].astype("int64")
        words = np.empty((len(values), 2), "int64")
        words[:, 0], words[:, 1] = values, np.where(values < 0, -1, 0)
        empty = None if missing is None else pa.py_buffer(np.packbits(~missing[part], bitorder="little"))
        return pa.Array.from_buffers(type_, len(values), [empty, pa.py_buffer(words)])

    return Column(len(units), make)


def money(cents: Numbers, missing: Flags | None = None) -> Column:
    """Return money with two decimals."""
    return decimal(cents, MONEY, missing)


def quantity(numbers: Numbers, missing: Flags | None = None) -> Column:
    """Return whole numbers as decimals."""
    return decimal(numbers * 100, MONEY, missing)


def rate(values: Reals, missing: Flags | None = None) -> Column:
    """Return fractions with eight decimals."""
    return decimal(np.round(values * 1e8).astype("int64"), RATE, missing)


def integer(values: Numbers, missing: Flags | None = None) -> Column:
    """Return whole numbers."""
    empty = np.zeros(len(values), dtype=bool) if missing is None else missing
    return Column(len(values), lambda part: pa.array(values[part].astype("int64"), pa.int64(), mask=empty[part]))


def flag(values: Flags) -> Column:
    """Return truth values."""
    return Column(len(values), lambda part: pa.array(values[part], pa.bool_()))


def text(values: Sequence[str | None] | pa.Array) -> Column:
    """Return texts as they are."""
    array = values if isinstance(values, pa.Array) else pa.array(list(values), pa.string())
    return Column(len(array), lambda part: array[part])


def same(value: Any, n: int, type_: pa.DataType | None = None) -> Column:
    """Return one value in every row; None is empty."""
    scalar = pa.scalar(value, type_)
    return Column(n, lambda part: pa.repeat(scalar, len(range(*part.indices(n)))))


def provenance(n: int) -> dict[str, Column]:
    """Return the columns that tell where rows come from."""
    return {
        "source": same("demo", n),
        "extracted_at": same(EXTRACTED_AT * 1_000_000, n, pa.int64()),
    }


def write(folder: Path, name: str, columns: Mapping[str, Column]) -> int:
    """Write one table as ``<folder>/<name>.parquet`` and return its number of rows."""
    (n,) = {column.n for column in columns.values()}
    columns = {**columns, **provenance(n)}
    types = {"extracted_at": INSTANT}
    schema = None
    for first in range(0, max(n, 1), PIECE):
        part = slice(first, min(first + PIECE, n))
        arrays = [
            column.make(part).cast(types[c]) if c in types else column.make(part) for c, column in columns.items()
        ]
        arrays = [array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array for array in arrays]
        batch = pa.Table.from_arrays(arrays, names=list(columns))
        if schema is None:
            schema = batch.schema
            writer = pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd", compression_level=3)
        writer.write_table(batch, row_group_size=PIECE)
    writer.close()
    return n
