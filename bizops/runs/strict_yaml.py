"""YAML with line numbers and without guesses: nodes, not values.

YAML reads ``no`` as False and ``00123`` as 83, and keeps the last of two equal keys. Whoever knows the type of a value
reads it from its node; a key given twice is an error here.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from bizops.errors import InputError

Node = yaml.Node
_CORE_TAGS = {f"tag:yaml.org,2002:{t}" for t in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")}


def compose(path: Path, shown: str) -> Node:
    """Return the root node of a YAML file; ``shown`` is its name in messages.

    Raises
    ------
    InputError
        The file is missing, empty, not UTF-8, not YAML, more than one document, or uses tags of its own.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("the file does not exist", where=shown, fix="create it, or check the name") from None
    except (UnicodeDecodeError, OSError) as error:
        raise InputError("cannot be read as UTF-8 text", where=shown, fix="save it as a UTF-8 text file") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(
            f"not valid YAML: {error.problem}",
            where=f"{shown} line {line}",
            fix=f"correct line {line} or the one above",
        ) from error
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {error}", where=shown, fix="correct the file") from error
    if root is None:
        raise InputError("the file is empty", where=shown, fix="see params/qbr.yaml for an example")
    return root


def mapping(node: Node, shown: str) -> dict[str, tuple[Node, Node]]:
    """Return ``{key: (key's node, value's node)}`` of a mapping; another shape or a key given twice is an error."""
    if not isinstance(node, yaml.MappingNode):
        raise InputError("expected 'name: value' lines here", where=at(shown, node), fix="see params/qbr.yaml")
    found: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise InputError("a name must be a plain word", where=at(shown, key), fix="write name: value")
        if key.value in found:
            first = found[key.value][0].start_mark.line + 1
            raise InputError(
                f"'{key.value}' is given twice, first on line {first}", where=at(shown, key), fix="keep one of the two"
            )
        found[key.value] = (key, value)
    return found


def at(shown: str, node: Node) -> str:
    """Return a place for a message (``params/qbr.yaml line 5``)."""
    return f"{shown} line {node.start_mark.line + 1}"


def plain(node: Node) -> str | None:
    """Return the text of a scalar without quotes, or None for any other node."""
    return node.value if isinstance(node, yaml.ScalarNode) and node.style is None else None


def quoted(node: Node) -> str | None:
    """Return the text of a scalar in quotes or in a block, or None for any other node."""
    return node.value if isinstance(node, yaml.ScalarNode) and node.style is not None else None


def items(node: Node) -> list[Node] | None:
    """Return the nodes of a list, or None for any other node."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else None


def own_tag(node: Node) -> str:
    """Return the tag of a node that is not one of YAML's core (``!secret``, ``!!python/name``), or an empty text."""
    return "" if node.tag in _CORE_TAGS else str(node.tag)
