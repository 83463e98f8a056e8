import math

import pytest

from udviz.figures.style.text import (
    count,
    interval,
    number,
    one_line,
    p_equals,
    plural,
    safe_html,
    safe_markdown,
    shorten,
    times,
    times_as_frequent,
)


def bare(text):
    return text.strip("\u2068\u2069")


def test_html_in_a_name_is_shown_and_not_obeyed():
    assert bare(safe_html("<b>a</b> & b")) == "&lt;b&gt;a&lt;/b&gt; &amp; b"


def test_markdown_in_a_name_is_shown_and_not_obeyed():
    assert bare(safe_markdown("*a* [b](c) $x$ `d`")) == r"\*a\* \[b\]\(c\) \$x\$ \`d\`"


def test_an_emoji_short_code_in_a_name_is_broken_up():
    assert ":smile:" not in safe_markdown(":smile:").replace("\\", "")


def test_a_right_to_left_name_is_isolated_from_its_neighbours():
    assert safe_html("עץ") == "\u2068עץ\u2069"


def test_a_name_of_several_lines_becomes_one_line():
    assert one_line("two\nlines\tand  a tab ") == "two lines and a tab"


@pytest.mark.parametrize("n_chars", [2, 5, 28, 60])
def test_a_long_name_is_cut_to_the_length_asked_for(n_chars):
    assert len(shorten("x" * 200, n_chars=n_chars)) == n_chars


def test_a_cut_name_keeps_its_end():
    assert shorten("very long name of a red car", n_chars=16) == "very long …d car"


def test_a_short_name_is_left_alone():
    assert shorten("cat") == "cat"


@pytest.mark.parametrize("value", [math.nan, None, math.inf])
def test_an_unknown_number_is_a_dash(value):
    assert number(value) == count(value) == "–"
    assert interval(value, 0.5) == "–"


def test_numbers_have_fixed_digits_and_a_true_minus():
    assert number(0.12345) == "0.123"
    assert number(-0.02, sign=True) == "−0.020"
    assert interval(-0.01, 0.02, sign=True) == "−0.010 to +0.020"
    assert count(40504.0) == "40,504"


def test_one_is_not_a_plural():
    assert (plural(1, "label"), plural(2000, "label")) == ("1 label", "2,000 labels")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "< 0.001"),
        (0.00099, "< 0.001"),
        (0.001, "= 0.001"),
        (1.0, "= 1.000"),
        (math.nan, "= –"),
    ],
)
def test_a_q_is_never_said_to_be_0(value, told):
    assert p_equals(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(4.04, "4.0"), (99.94, "99.9"), (902.4, "902"), (202_605.3, "203,000"), (math.nan, "–")],
)
def test_a_ratio_shows_no_more_digits_than_it_has(value, told):
    assert times(value) == told


def test_the_interval_of_a_ratio_is_a_dash_where_an_end_is_not_known():
    assert times_as_frequent(902.4, 4.0, 202_605.3) == "**902 times** as frequent (4.0 to 203,000)"
    assert times_as_frequent(5.0, math.nan, 9.0) == "**5.0 times** as frequent (–)"
