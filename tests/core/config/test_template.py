"""The commented config file."""

from __future__ import annotations

import re

from tray_app.core.config.options import EXCLUSIVE, OPTIONS
from tray_app.core.config.parse import (
    parse_config,
)
from tray_app.core.config.template import commented_config


class TestCommentedFile:
    def test_it_sets_nothing(self) -> None:
        """As it is written, it is all comment."""
        assert parse_config(commented_config()) == ({}, [])

    def test_without_its_marks_it_sets_everything(self) -> None:
        """Each setting stands in its section, ready to be taken; of two that exclude each other,
        one."""
        opened = re.sub(r"(?m)^#(?=\w)", "", commented_config())
        taken: set[str] = set()
        for _, other in EXCLUSIVE:
            opened = re.sub(rf"(?m)^{other} = .*$", "", opened)
            taken.add(other)
        values, complaints = parse_config(opened)
        assert complaints == []
        assert list(values) == [option.key for option in OPTIONS if option.key not in taken]

    def test_it_names_the_environment_variables(self) -> None:
        """They need no other list."""
        assert all(option.environment in commented_config() for option in OPTIONS)
