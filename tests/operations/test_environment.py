"""Reading the environment: a missing or odd value stops the start and is named."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from clinic_site.environment import Environment


def problems(env: Environment) -> str:
    with pytest.raises(ImproperlyConfigured) as refused:
        env.finish()
    return str(refused.value)


def test_text_is_stripped_and_required_without_default() -> None:
    assert Environment({"NAME": "  a value "}).text("NAME") == "a value"
    for values in ({}, {"NAME": ""}, {"NAME": "  "}):
        env = Environment(values)
        assert env.text("NAME") == ""
        assert "NAME is not set" in problems(env)
    env = Environment({})
    assert env.text("NAME", "default") == "default"
    assert env.text("EMPTY", "") == ""
    assert env.number("PORT", 8000) == 8000
    assert env.yes_no("ON", True) is True
    assert env.parsed("DAY", "1", int) == 1
    env.finish()


def test_yes_no_spellings() -> None:
    spellings = {"yes": True, "TRUE": True, "1": True, "no": False, "False": False, "0": False}
    for text, value in spellings.items():
        env = Environment({"ON": text})
        assert env.yes_no("ON", not value) is value, text
        env.finish()
    for text in ("flase", "on", "y", "2", "yes please", "да"):
        env = Environment({"ON": text})
        env.yes_no("ON", False)
        assert "ON must be yes or no" in problems(env)


def test_number_is_plain_digits() -> None:
    for text in ("eight", "-1", "1.5", "1e3", "0x10", "۸۰۰۰", "8 000", "²"):
        env = Environment({"PORT": text})
        assert env.number("PORT", 8000) == 8000, text
        assert "PORT must be a whole number" in problems(env), text


def test_all_problems_are_reported_at_once() -> None:
    env = Environment({"PORT": "x", "ON": "x", "MODE": "prod", "DAY": "x"})
    env.text("SECRET_KEY")
    env.number("PORT", 1)
    env.yes_no("ON", False)
    env.text("MODE", "production", choices=("production", "local"))
    env.parsed("DAY", "1", int)
    env.refuse("the moon is full")
    message = problems(env)
    assert "MODE must be one of production, local, not 'prod'" in message
    for part in ("SECRET_KEY", "PORT", "ON", "DAY", "the moon is full", "README.md", "make run"):
        assert part in message
