"""Mutations of source: a condition turned round, a statement left out, another number, on lines that tests run."""

import ast
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.FloorDiv: "*", ast.Mod: "//", ast.BitAnd: "|", ast.BitOr: "&",
    ast.LShift: ">>", ast.RShift: "<<",
}  # fmt: skip
GENERATORS = ("Iterator", "Generator", "Iterable")


class Change(NamedTuple):
    """Another text for a piece of a file: octets `start` to `end`; where it is, and how gentle (0 first)."""

    line: int
    function: str
    start: int
    end: int
    text: str
    what: str
    rank: int


class Finder(ast.NodeVisitor):
    """Collects changes of one file."""

    def __init__(self, source: str) -> None:
        self.octets = source.encode()
        starts = [0]
        for line in self.octets.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        self.starts = starts
        self.inside: list[str] = []
        self.found: list[Change] = []

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Octets of a node."""
        first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        return self.starts[first - 1] + node.col_offset, self.starts[last - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        """Source of a node."""
        start, end = self.span(node)
        return self.octets[start:end].decode()

    def change(self, node: ast.AST, text: str, what: str, rank: int) -> None:
        """Add one."""
        line: int = node.lineno  # type: ignore[attr-defined]
        self.found.append(Change(line, ".".join(self.inside), *self.span(node), text, what, rank))

    def turn(self, test: ast.expr) -> None:
        """Turn a condition round."""
        self.change(test, f"(not ({self.text(test)}))", f"not ({shorter(self.text(test))})", 0)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave texts alone; places inside them are not to be trusted."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Go on inside."""
        self.named(node.name, chain(node.body))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Leave the body out where that has a meaning, and go on inside."""
        body = node.body[1:] if is_text(node.body[0]) else node.body
        self.inside.append(node.name)
        says = ast.unparse(node.returns) if node.returns is not None else ""
        if body and (says == "None" or says.startswith(GENERATORS)):
            self.change(body[0], "return", f"{node.name} does nothing", 1)
        self.returned(body, says)
        self.inside.pop()
        self.named(node.name, chain(body))

    def returned(self, body: list[ast.stmt], says: str) -> None:
        """Return something else where it is clear what that can be."""
        for inner in (each for statement in body for each in ast.walk(statement) if isinstance(each, ast.Return)):
            if inner.value is not None and says == "bool":
                self.turn(inner.value)
            elif inner.value is not None and says in {"int", "Int64"}:
                self.change(inner.value, f"(({self.text(inner.value)}) + 1)", "one more is returned", 2)

    def named(self, name: str, body: Iterator[ast.stmt]) -> None:
        """Go on inside something that has a name."""
        self.inside.append(name)
        for statement in body:
            self.visit(statement)
        self.inside.pop()

    def visit_If(self, node: ast.If) -> None:
        """Turn it round."""
        self.turn(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Turn it round."""
        self.turn(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Turn its conditions round."""
        for test in node.ifs:
            self.turn(test)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Leave a call out."""
        if isinstance(node.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom):
            self.change(node, "pass", f"left out: {shorter(self.text(node))}", 0)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Leave a change of state out."""
        if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self.change(node, "pass", f"left out: {shorter(self.text(node))}", 0)
        self.generic_visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Go on with the value; the type is none of ours."""
        if node.value is not None:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Leave it out."""
        self.change(node, "pass", f"left out: {shorter(self.text(node))}", 0)
        self.generic_visit(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Work out something else."""
        sign = OPERATORS.get(type(node.op))
        if sign is not None:
            text = f"({self.text(node.left)} {sign} {self.text(node.right)})"
            self.change(node, text, f"{shorter(self.text(node))} with {sign}", 2)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Take another number."""
        if isinstance(node.value, bool):
            self.change(node, str(not node.value), f"{node.value} is {not node.value}", 1)
        elif isinstance(node.value, int | float):
            self.change(node, f"({node.value} + 1)", f"{node.value} is one more", 3)


def is_text(statement: ast.stmt) -> bool:
    """Whether it is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def shorter(text: str) -> str:
    """Give a piece of source in one line."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def changes(source: str, is_run: Callable[[int], bool]) -> list[Change]:
    """Find the changes on lines that are run; one for each text a piece may have instead."""
    finder = Finder(source)
    finder.visit(ast.parse(source))
    seen = {(each.start, each.end, each.text): each for each in finder.found if is_run(each.line)}
    return [*seen.values()]


def changed(source: str, change: Change) -> str:
    """Carry a change out; the result can be compiled, or `SyntaxError` says why not."""
    octets = source.encode()
    text = (octets[: change.start] + change.text.encode() + octets[change.end :]).decode()
    compile(text, "mutated", "exec", dont_inherit=True)
    return text
