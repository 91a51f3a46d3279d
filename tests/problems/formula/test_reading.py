"""Formulas as people write them are read; everything else is refused in one line, at its character."""

import math
import random

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.problems.formula.formula import formula
from thalweg.problems.formula.functions import FUNCTIONS
from thalweg.problems.formula.source import FormulaError

VALUES = {"a": 2.0, "b": -3.0, "x": 0.5, "y": 4.0}

ALLOWED = {name: getattr(np, name) for name in FUNCTIONS if hasattr(np, name)}


def evaluated(text, **values):
    return float(formula(text, ["x", "y"])(VALUES | values))


@pytest.mark.parametrize(
    "text",
    [
        "a + b - x * y / a % 3",
        "-x ** 2",
        "2 ** -1 * a",
        "a - b - x - y",
        "a / b / x * y",
        "a ** 2 ** b",
        "exp(-x / a) * cos(2 * pi * x) + e",
        "where(x > a, b, sqrt(y))",
        "maximum(a, b) - minimum(x, y) + hypot(a, y)",
        "clip(b, -1, 1) + sinc(x) + sign(b) + abs(b) + floor(x) + cbrt(b)",
        "1 / 3 + 10 ** -3",
        "(x > 0) * (y < 3) + (a == 2)",
        "a * +x",
    ],
)
def test_arithmetic_is_that_of_numpy(text):
    # The same text in Python, with NumPy's functions; float32 unless JAX computes in 64 bits.
    expected = eval(text, {"__builtins__": {}}, ALLOWED | {"pi": math.pi, "e": math.e} | VALUES)
    assert evaluated(text) == pytest.approx(float(expected), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a^2 * x", 2.0),
        ("np.exp(0) + math.sqrt(y) + numpy.abs(b)", 6.0),
        ("ln(e) + asin(0) + pow(a, 3)", 9.0),
        ("a if x > 0 else b", 2.0),
        ("0 < x < 1 and not y < 0", 1.0),
        ("(x > 1) | (y > 3) & (a > 1)", 1.0),
        ("`x` \N{MULTIPLICATION SIGN} a \N{MINUS SIGN} 1", 0.0),
        ("a\n  + b", -1.0),
    ],
)
def test_what_other_tools_write_is_read(text, value):
    assert evaluated(text) == pytest.approx(value, abs=1e-6)


def test_names_come_in_the_order_in_which_they_stand_and_constants_are_none():
    assert formula("A*exp(-t/tau)*cos(2*pi*f*t + p) + c + A").names == ("A", "t", "tau", "f", "p", "c")
    assert formula("e * pi * x").names == ("x",)
    assert formula("e * pi * x", columns=["pi"], parameters=["e"]).names == ("e", "pi", "x")


def test_columns_may_have_any_name():
    read = formula("k * `time (s)` + `a.b` + exp(µ)", columns=["time (s)", "a.b", "\N{MICRO SIGN}"])
    assert read.names == ("k", "time (s)", "a.b", "\N{MICRO SIGN}")


def test_equal_formulas_are_one_for_the_compiler():
    first, second = (formula(text) for text in ("a * x+b", "a*x + b"))
    assert first == second
    assert hash(first) == hash(second)
    assert first != formula("a * x - b")


def test_numbers_and_formulas_are_put_in_place_of_names_all_at_once():
    read = formula("a * x + b").put({"a": formula("2 * b"), "b": 5.0})
    assert read.names == ("b", "x")
    assert float(read({"b": 3.0, "x": 1.0})) == 11.0


WRONG = [
    ("A * epx(-t)", 5, "unknown function 'epx'; did you mean 'exp'?"),
    ("2x + b", 2, "a product needs its sign; write *"),
    ("2 exp(x)", 3, "a product needs its sign; write *"),
    ("(a + 1)(b)", 2, "a product needs its sign; write * before the bracket"),
    ("(a)(b)", 2, "unknown function 'a'; write * for a product, or a function such as exp"),
    ("2(x)", 1, "a product needs its sign; write * before the bracket"),
    ("x(a)", 1, "'x' is a column, no function; write * for a product"),
    ("lambda * x", 1, "'lambda' is a word of Python; choose another name, such as lam"),
    ("y = a * x", 3, "give only what is right of the = sign, or write == to compare"),
    ("a * (x + ", 5, "this bracket is never closed; add a )"),
    ("a * x)", 6, "this bracket closes none; leave it out, or open one before"),
    ("a **", 4, "something is missing at the end"),
    ("a x", 3, "this is no formula from here on; look for a missing operator or bracket"),
    ("x > 0 & y > 0", 5, "& and | join comparisons in brackets; write (x > 0) & (y > 0)"),
    ("exp(x, 2)", 1, "exp takes 1 argument, not 2"),
    ("where(*a)", 1, "where takes plain arguments; write where(x, y, y)"),
    ("a // b", 1, "this is not allowed in a formula; write floor(a / b)"),
    ("a @ b", 1, "this is not allowed in a formula; write * for a product"),
    ("a.real", 1, "this is not allowed in a formula; a name with dots stands in backquotes: `a.b`"),
    ("a[0]", 1, "this is not allowed in a formula; give each number its own name"),
    ("a, b", 1, "this is not allowed in a formula; a formula is one expression"),
    ("1e999 * a", 1, "this number is too large; give one below 1.8e308"),
    ("9" * 5000, 1, "a number has too many digits; give one below 1.8e308"),
    ("1j * a", 1, "only real numbers are allowed here"),
    ("'a'", 1, "only real numbers are allowed here"),
    ("True * a", 1, "only real numbers are allowed here"),
    ("a # b", 3, "a formula has no comments; leave it out"),
    ("a + \x00b", 5, "'\\x00' is no character of a formula; leave it out"),
    ("a * `x", 5, "this name in backquotes is empty or has no end; write `a column`"),
    ("é + epx(1)", 5, "unknown function 'epx'; did you mean 'exp'?"),
    ("a^2 + epx(1)", 7, "unknown function 'epx'; did you mean 'exp'?"),
]


@pytest.mark.parametrize(("text", "place", "said"), WRONG)
def test_errors_say_what_is_wrong_and_point_at_the_character(text, place, said):
    with pytest.raises(FormulaError) as caught:
        formula(text, ["x", "y"])
    assert str(caught.value) == f"formula, character {place}: {said}"
    line, mark = caught.value.__notes__[0].split("\n")
    assert mark.index("^") == 2 + place - 1
    assert "\n" not in str(caught.value)
    assert line.strip()[: len(text.strip()[:20])].replace(" ", "") == text.strip()[:20].replace("\x00", "").replace(
        " ", ""
    )


HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "(lambda: 1)()",
    "[x for x in (1, 2)]",
    "f'{a}'",
    "print(1)",
    "exec('1')",
    "a := 3",
    "*a",
    "yield 1",
    "await a",
    "-" * 5000 + "x",
    "not " * 2000 + "x",
    "(" * 5000 + "x" + ")" * 5000,
    "exp(" * 1000 + "x" + ")" * 1000,
    "a**" * 3000 + "b",
    "a if " * 1500 + "b" + " else c" * 1500,
    "+".join(["a"] * 5000),
    "x" * 1_000_000,
    "",
    "   ",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_in_one_line(text):
    with pytest.raises(InvalidValue) as caught:
        formula(text, ["x"])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("given", [None, 3, ["a"], b"a*x"])
def test_what_is_no_text_is_refused(given):
    with pytest.raises(InvalidValue, match="is no text; give one such as 'a \\* exp"):
        formula(given)


def test_a_sum_of_a_thousand_terms_is_read_and_evaluated():
    assert float(formula("+".join(["a"] * 1000))({"a": 1.0})) == 1000


PIECES = [
    *"abxyeE0123456789.+-*/%^()<>=!&|~,_`'\"[]{}:;#@\\ \t\n",
    *("**", "//", "<=", "==", " and ", " or ", " not ", " if ", " else ", "1e5", "pi", "np.", "__", "lambda", "import"),
    *(f"{name}(" for name in FUNCTIONS),
    *("µ", "é", "\N{MINUS SIGN}", "\x00", "\ud800", "𝒳", "ﬁ"),
]


def fuzzed(count, seed):
    """Make texts of random pieces, and formulas with some characters changed."""
    draw = random.Random(seed)
    for _ in range(count):
        if draw.random() < 0.5:
            yield "".join(draw.choices(PIECES, k=draw.randrange(1, 30)))
        else:
            text = list("A*exp(-(x/tau)**b)*cos(2*pi*f*x + p) + where(x > y, c, 0)")
            for _ in range(draw.randrange(1, 5)):
                text[draw.randrange(len(text))] = draw.choice(PIECES)
            yield "".join(text)


def test_random_text_is_a_formula_or_one_line():
    check(5000, 0)


@pytest.mark.long
def test_a_hundred_thousand_random_texts_are_formulas_or_one_line():
    check(100_000, 1)


def check(count, seed):
    """Every text is read, and then is a function of its names, or is refused in one line."""
    read = 0
    for text in fuzzed(count, seed):
        try:
            names = formula(text, ["x", "y"]).names
        except ThalwegError as error:
            assert "\n" not in str(error)
            assert len(error.__notes__[0].split("\n")) == 2 if isinstance(error, FormulaError) else True
        else:
            read += 1
            assert all(names)
    assert read > count / 50
