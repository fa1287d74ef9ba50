"""The `--config FILE` option, the same for every command that reads the settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edgelock.ops.settings_file import DEFAULT_CONFIG


def config_option(**differences: Any) -> Callable[[Any], Any]:
    """The option as a decorator; `differences` are click's own arguments, where a command needs other ones."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        default=DEFAULT_CONFIG,
        show_default=True,
        metavar="FILE",
        help="Settings file.",
        **differences,
    )
