"""The settings of the head-end, from the class that holds them and the words that stand under each."""

import ast
import inspect
from itertools import pairwise

from generators.markdown import cell, code, table
from openami.headend.kit import settings


def rows() -> str:
    """List every setting with its default and its meaning."""
    [body] = [
        node.body
        for node in ast.parse(inspect.getsource(settings)).body
        if isinstance(node, ast.ClassDef) and node.name == settings.Settings.__name__
    ]
    meanings: dict[str, str] = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id != "model_config":
            meanings[node.target.id] = docstring(after)
    fields = settings.Settings.model_fields
    found = [
        (code(name), "required" if fields[name].is_required() else default(fields[name].default), meaning)
        for name, meaning in meanings.items()
    ]
    return table(("setting", "default", "meaning"), found)


def docstring(node: ast.stmt) -> str:
    """Take the text that stands under a field, if one does."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return cell(node.value.value)
    return ""


def default(value: object) -> str:
    """Show a default; none is none."""
    return "" if value is None or value == () else code(value)
