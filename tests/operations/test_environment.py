"""A value of the environment that is missing or odd stops the start, by its name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from clinic_site.environment import Environment


def problems(env: Environment) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        env.finish()
    return str(refused.value)


def test_a_value_is_read_without_the_spaces_around_it() -> None:
    assert Environment({"NAME": "  a value "}).text("NAME") == "a value"


@pytest.mark.parametrize("values", [{}, {"NAME": ""}, {"NAME": "  "}])
def test_what_has_no_default_must_be_there(values: dict[str, str]) -> None:
    env = Environment(values)
    assert env.text("NAME") == ""
    assert "NAME is not set" in problems(env)


def test_what_has_a_default_may_be_missing() -> None:
    env = Environment({})
    assert env.text("NAME", "default") == "default"
    assert env.text("EMPTY", "") == ""
    assert env.number("PORT", 8000) == 8000
    assert env.yes_no("ON", True) is True
    env.finish()


@pytest.mark.parametrize(
    ("text", "value"),
    [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("False", False), ("0", False)],
)
def test_yes_and_no_have_three_spellings_each(text: str, value: bool) -> None:
    env = Environment({"ON": text})
    assert env.yes_no("ON", not value) is value
    env.finish()


@pytest.mark.parametrize("text", ["flase", "on", "y", "2", "yes please", "да"])
def test_anything_else_is_neither_yes_nor_no(text: str) -> None:
    env = Environment({"ON": text})
    env.yes_no("ON", False)
    assert "ON must be yes or no" in problems(env)


@pytest.mark.parametrize("text", ["eight", "-1", "1.5", "1e3", "0x10", "۸۰۰۰", "8 000", "²"])
def test_a_number_is_plain_digits(text: str) -> None:
    env = Environment({"PORT": text})
    assert env.number("PORT", 8000) == 8000
    assert "PORT must be a whole number" in problems(env)


def test_a_value_that_is_none_of_the_choices_is_named_with_them() -> None:
    env = Environment({"MODE": "prod"})
    env.text("MODE", "production", choices=("production", "local"))
    assert "MODE must be one of production, local, not 'prod'" in problems(env)


def test_all_problems_are_told_at_once_and_where_to_read_on() -> None:
    env = Environment({"PORT": "x", "ON": "x"})
    env.text("SECRET_KEY")
    env.number("PORT", 1)
    env.yes_no("ON", False)
    env.refuse("the moon is full")
    told = problems(env)
    for part in ("SECRET_KEY", "PORT", "ON", "the moon is full", "README.md", "make run"):
        assert part in told


def test_without_problems_nothing_is_told() -> None:
    Environment({}).finish()
