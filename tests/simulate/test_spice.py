import pytest
from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice import Scope, assignments, logical_lines, number


def test_continuations_cross_comments_and_blank_lines() -> None:
    text = "R1 a b\n* comment\n\n+ r = 5 ; ohm\n+\nC1 a B 1f\n"
    assert list(logical_lines(text)) == ["r1 a b r = 5", "c1 a b 1f"]


def test_assignments_keep_expressions_whole() -> None:
    found = assignments(".param a = {b + 2*c} d='1+1' e = {x} + y*agauss(0,1,1)  f=3")
    assert found == {"a": "{b + 2*c}", "d": "'1+1'", "e": "{x} + y*agauss(0,1,1)", "f": "3"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.5", 2.5),
        ("650000u", 0.65),
        ("1e+06u", 1.0),
        ("-3MEG", -3e6),
        ("150fF", 150e-15),
        (".5", 0.5),
        ("1mil", 25.4e-6),
    ],
)
def test_number(text: str, value: float) -> None:
    assert number(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1+1", "u"])
def test_not_a_number(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2+3*4", 14),
        ("-2**2", -4),
        ("2**-1", 0.5),
        ("(1+2)*'3'", 9),
        ("8/4/2", 1),
        ("7-2-1", 4),
        ("max(1, sqrt(16), -3)", 4),
        ("{w}*1u", 3e-6),
        ("agauss(0.5,1,1)", 0.5),
        ("2e-3*k", 0.01),
    ],
)
def test_expression(text: str, value: float) -> None:
    assert Scope({"w": "3", "k": "{w+2}"}).value(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["1+", "(1", "1)", "2 3", "foo(1)", "missing", "1/0", "sqrt(-1)", "a$b", "1e300*1e300"]
)
def test_wrong_expression_is_an_input_error(text: str) -> None:
    with pytest.raises(NetlistError):
        Scope({}).value(text)


def test_a_parameter_that_depends_on_itself() -> None:
    with pytest.raises(NetlistError, match="itself"):
        Scope({"a": "b+1", "b": "a"}).value("a")


def test_inner_scope_hides_outer_and_given_values_win() -> None:
    outer = Scope({"w": "1", "x": "10"})
    inner = Scope({"w": "2", "area": "w*x"}, outer, {"w": 5.0})
    assert inner["area"] == 50
    assert outer["w"] == 1
