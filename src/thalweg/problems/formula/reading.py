"""From the text of a formula to a tree of which every node is known: a whitelist over Python's own grammar.

Python's parser gives precedence, numbers and positions that people know from NumPy; nothing that it reads is ever
compiled or executed. Every node is looked at: what is not one of the few kinds below is refused, at its character.
``np.`` before a function is dropped, and so is ``math.``.

The parser recurses in C, and so do the passes over its tree, so a hostile text could exhaust the stack: length and
nesting are bounded before the parser sees it, and what it raises all the same is caught. A sum of a thousand terms is
no nesting: chains of one precedence are as deep as they are long to the parser, so they are bounded by the length.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import re
import sys
import unicodedata
import warnings
from collections.abc import Collection
from dataclasses import dataclass

from thalweg.base.showing import shown
from thalweg.problems.formula.functions import ALIASES, FUNCTIONS
from thalweg.problems.formula.source import FormulaError, Source, prepare
from thalweg.problems.formula.tree import Apply, Chain, Name, Node, Number

DEEPEST = 150
"""Brackets or operations inside one another: far below Python's own bound on recursion, of 1000 calls."""

PREFIXES = {"np", "numpy", "jnp", "math"}
"""Modules whose functions people write in front."""

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Mod: "%",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
"""The operators between two numbers that a formula may have."""

PRODUCT = re.compile(r"((?<![\w.])(?:\d+\.?\d*|\.\d+)\s*|\)\s*)(?=[^\W\d]|\()(?!(?:and|or|if|else)\b)")
"""A number or a closing bracket right before a name or an opening one."""

HINTS: dict[type[ast.AST], str] = {
    ast.FloorDiv: "write floor(a / b)",
    ast.MatMult: "write * for a product",
    ast.LShift: "write * 2**n",
    ast.RShift: "write / 2**n",
    ast.Lambda: "lambda is a word of Python; name the parameter lam",
    ast.Is: "write ==",
    ast.IsNot: "write !=",
    ast.Attribute: "a name with dots stands in backquotes: `a.b`",
    ast.Subscript: "give each number its own name",
    ast.Tuple: "a formula is one expression",
    ast.List: "a formula is one expression",
    ast.NamedExpr: "a formula is one expression",
}
"""What to write in place of what is refused."""


def read(text: str, columns: Collection[str] = ()) -> Node:
    """Read a formula; ``columns`` are names that are no functions, whatever they are called.

    In the tree names in backquotes are resolved, and functions have their usual names.

    Raises
    ------
    FormulaError
        If the text is no formula, or one that is too long, nested too deep or has what no formula may have.
    """
    source = prepare(text)
    _check_brackets(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "2if x else 3" and "1 (x)" are warned about
            tree = ast.parse(source.read, mode="eval").body
    except SyntaxError as error:
        raise _syntax(source, error) from None
    except (RecursionError, MemoryError, ValueError, Warning):
        raise source.error("this cannot be read; write a shorter or plainer formula") from None
    return _Checked(source, {unicodedata.normalize("NFKC", name): name for name in columns}).visit(tree)


def _check_brackets(source: Source) -> None:
    """Refuse brackets that do not match, or are nested too deep, before Python's parser recurses into them."""
    open_at: list[int] = []
    for place, character in enumerate(source.read):
        if character == "(":
            open_at.append(place)
            if len(open_at) > DEEPEST:
                raise source.error(f"brackets are nested more than {DEEPEST} deep; write a plainer formula", place)
        elif character == ")":
            if not open_at:
                raise source.error("this bracket closes none; leave it out, or open one before", place)
            open_at.pop()
    if open_at:
        raise source.error("this bracket is never closed; add a )", open_at[-1])
    if run := re.search(rf"(?:(?:[-+~]|not\b|\*\*)\s*){{{DEEPEST},}}", source.read):
        raise source.error(f"more than {DEEPEST} signs in a row; write a plainer formula", run.start())


def _syntax(source: Source, error: SyntaxError) -> FormulaError:
    """Say what Python's parser did not understand, in words for a formula."""
    if "digits" in str(error):
        return source.error("a number has too many digits; give one below 1.8e308", 0)
    for word in re.finditer(r"[^\W\d]\w*", source.read):
        if keyword.iskeyword(word.group()) and word.group() not in ("and", "or", "not", "if", "else"):
            said = f"{word.group()!r} is a word of Python; choose another name, such as {word.group()[:3]}"
            return source.error(said, word.start())
    if product := PRODUCT.search(source.read):
        return source.error("a product needs its sign; write *", product.end())
    if equals := re.search(r"(?<![=<>!:])=(?!=)", source.read):
        return source.error("give only what is right of the = sign, or write == to compare", equals.start())
    place = max(0, (error.offset or 1) - 1)
    end = len(source.read.rstrip())
    if place >= end or source.read[:end].endswith(tuple("+-*/%<>=&|~,")):
        return source.error("something is missing at the end", end - 1)
    return source.error("this is no formula from here on; look for a missing operator or bracket", place)


@dataclass(frozen=True)
class _Checked:
    """A pass over Python's tree that lets through only what a formula may have, as our own."""

    source: Source
    columns: dict[str, str]
    """Columns by their names as Python's parser writes them, all letters in their usual form."""

    def visit(self, node: ast.expr, depth: int = 0) -> Node:
        """Translate a node and all below it; a chain of sums or products counts as one level."""
        if depth > DEEPEST:
            raise self.source.error(f"this is nested more than {DEEPEST} deep; write a plainer formula", node)
        match node:
            case ast.BinOp():
                return self._chain(node, depth)
            case ast.UnaryOp(ast.UAdd(), operand):
                return self.visit(operand, depth + 1)
            case ast.UnaryOp(operator, operand):
                return Apply("negative" if isinstance(operator, ast.USub) else "not", (self.visit(operand, depth + 1),))
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.BoolOp():
                joined = "and" if isinstance(node.op, ast.And) else "or"
                return Apply(joined, tuple(self.visit(value, depth + 1) for value in node.values))
            case ast.IfExp(condition, body, other):
                return Apply("where", tuple(self.visit(part, depth + 1) for part in (condition, body, other)))
            case ast.Call():
                return self._call(node, depth)
            case ast.Constant():
                return self._number(node)
            case ast.Name():
                return Name(self.source.quoted.get(node.id) or self.columns.get(node.id, node.id))
            case ast.Attribute(ast.Name(prefix), name) if prefix in PREFIXES and prefix not in self.columns:
                return Name(name)
            case _:
                raise self._refused(node, node)

    def _chain(self, node: ast.BinOp, depth: int) -> Node:
        """Follow the left sides in a loop: a sum of a thousand terms leans to the left."""
        links: list[tuple[str, Node]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            if isinstance(left.op, (ast.BitAnd, ast.BitOr)):
                break
            if type(left.op) not in OPERATORS:
                raise self._refused(left.op, left)
            links.append((OPERATORS[type(left.op)], self.visit(left.right, depth + 1)))
            left = left.left
        if links:
            return Chain(self.visit(left, depth + 1), tuple(reversed(links)))
        for side in (node.left, node.right):
            self._check_condition(side)
        joined = "and" if isinstance(node.op, ast.BitAnd) else "or"
        return Apply(joined, (self.visit(node.left, depth + 1), self.visit(node.right, depth + 1)))

    def _check_condition(self, side: ast.expr) -> None:
        """Refuse ``x > 0 & y > 0``, which Python reads as ``x > (0 & y) > 0``."""
        match side:
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(ast.Not() | ast.Invert()):
                return
            case ast.BinOp(_, ast.BitAnd() | ast.BitOr()):
                return
            case _:
                raise self.source.error("& and | join comparisons in brackets; write (x > 0) & (y > 0)", side)

    def _comparison(self, node: ast.Compare, depth: int) -> Node:
        """Take ``a < b < c`` for ``a < b and b < c``."""
        sides = [self.visit(part, depth + 1) for part in (node.left, *node.comparators)]
        pairs: list[Node] = []
        for left, operator, right in zip(sides[:-1], node.ops, sides[1:], strict=True):
            if type(operator) not in OPERATORS:
                raise self._refused(operator, node)
            pairs.append(Chain(left, ((OPERATORS[type(operator)], right),)))
        return pairs[0] if len(pairs) == 1 else Apply("and", tuple(pairs))

    def _call(self, node: ast.Call, depth: int) -> Node:
        name = self._function(node.func)
        count = FUNCTIONS[name][1]
        if node.keywords or any(isinstance(given, ast.Starred) for given in node.args):
            raise self.source.error(f"{name} takes plain arguments; write {name}(x{', y' * (count - 1)})", node)
        if len(node.args) != count:
            said = f"{name} takes {count} argument{'s' * (count > 1)}, not {len(node.args)}"
            raise self.source.error(said, node)
        return Apply(name, tuple(self.visit(given, depth + 1) for given in node.args))

    def _function(self, node: ast.expr) -> str:
        """Find the usual name of the function that is called."""
        match node:
            case ast.Name(name):
                name = self.source.quoted.get(name, name)
            case ast.Attribute(ast.Name(prefix), name) if prefix in PREFIXES:
                pass
            case ast.Constant() | ast.BinOp() | ast.Call():
                raise self.source.error("a product needs its sign; write * before the bracket", node)
            case _:
                raise self._refused(node, node)
        name = ALIASES.get(name, name)
        if name in self.columns:
            raise self.source.error(f"{name!r} is a column, no function; write * for a product", node)
        if name not in FUNCTIONS:
            near = difflib.get_close_matches(name, [*FUNCTIONS, *ALIASES], n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else "write * for a product, or a function such as exp"
            raise self.source.error(f"unknown function {shown(name)}; {hint}", node)
        return name

    def _number(self, node: ast.Constant) -> Node:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.source.error("only real numbers are allowed here", node)
        if value > sys.float_info.max:
            raise self.source.error("this number is too large; give one below 1.8e308", node)
        return Number(value)

    def _refused(self, what: ast.AST, at: ast.expr) -> FormulaError:
        hint = HINTS.get(type(what), "use numbers, names, + - * / **, comparisons and functions such as exp(x)")
        return self.source.error(f"this is not allowed in a formula; {hint}", at)
