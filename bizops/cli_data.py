"""``bizops demo`` and ``bizops map``: building the demo company, drafting a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bizops.company import project_root
from bizops.errors import InputError, did_you_mean
from bizops.runs.folders import writable

if TYPE_CHECKING:
    from bizops.sources.draft import Draft


def build(scale: float, seed: int, plant: str, out: Path | None) -> dict[str, Any]:
    """Build the demo company and return its folder and the effects planted in it."""
    from bizops.sources.demo import build_demo

    if not 0 < scale <= 10_000:
        raise InputError(f"scale is {scale:g}", where="--scale", fix="give a number above 0, such as 0.1 or 100")
    planted = _planted(plant)
    target = out if out is not None else project_root() / "outputs" / "_data" / "demo"
    writable(target.resolve().parent, "--out" if out is not None else "outputs")
    written = build_demo(target, seed=seed, scale=scale, plant=planted)
    return {
        "version": "1.0",
        "folder": str(written),
        "truth": str(written / "truth.json"),
        "tables": sorted(p.stem for p in written.glob("*.parquet")),
        "planted": list(planted),
        "scale": scale,
        "seed": seed,
    }


def built_text(document: dict[str, Any]) -> str:
    """Return what was built, for people."""
    planted = ", ".join(document["planted"]) or "nothing"
    return (
        f"demo company: {len(document['tables'])} tables in {document['folder']}\n"
        f"planted: {planted} (sizes in {document['truth']})"
    )


def _planted(text: str) -> tuple[str, ...]:
    from bizops.sources.demo import ALL

    if text == "all":
        return tuple(ALL)
    if text == "none":
        return ()
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in ALL:
            raise InputError(
                f"there is no effect '{name}'.{did_you_mean(name, ALL)}",
                where="--plant",
                fix=f"all, none, or some of: {', '.join(ALL)}",
            )
    return tuple(names)


def draft(files: tuple[Path, ...], out: Path | None) -> dict[str, Any]:
    """Draft a mapping of ``files``, write it to ``out`` if given, and return it with what is unclear in it."""
    if out is not None and out.exists():
        raise InputError("the file is there already", where=str(out), fix="give --out another name, or move it away")
    if out is not None:
        writable(out.resolve().parent, "--out")
    found = _drafted(files)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(found.yaml, encoding="utf-8")
    return {
        "version": "1.0",
        "mapping": found.yaml,
        "file": str(out) if out is not None else None,
        "unmapped": list(found.unmapped),
        "ambiguous": list(found.ambiguous),
    }


def _drafted(files: tuple[Path, ...]) -> Draft:
    """The draft; an error that names no file gets their names."""
    from bizops.sources import draft_mapping

    try:
        return draft_mapping(files)
    except InputError as error:
        if any(file.name in str(error) for file in files):
            raise
        named = ", ".join(str(file) for file in files)
        raise InputError(error.problem, where=named, fix=error.fix) from error


def draft_text(document: dict[str, Any]) -> str:
    """Return the draft itself, or where it was written and what in it needs a person."""
    if document["file"] is None:
        return str(document["mapping"]).rstrip("\n")
    lines = [f"wrote {document['file']}"]
    for name in ("unmapped", "ambiguous"):
        items = document[name]
        lines += [f"{name} ({len(items)})", *(f"  {item}" for item in items)] if items else []
    return "\n".join([*lines, "read it, correct it, and name it in the company's settings as source.mapping"])
