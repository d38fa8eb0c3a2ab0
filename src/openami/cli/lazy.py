"""Subcommands that are imported when they run, so that `openami --help` knows them and loads none."""

import importlib
from typing import Any, ClassVar, NamedTuple, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from openami.cli.show import fail
from openami.core.errors import AmiError

EXTRAS = {
    "meters": ("pydantic",),
    "panel": ("textual",),
    "report": ("reportlab", "xlsxwriter", "PIL"),
    "headend": ("sqlalchemy", "fastapi", "uvicorn", "nicegui", "structlog"),
}
"""Packages that come with an extra of ours."""

INTERRUPTED = 130


class Entry(NamedTuple):
    """One subcommand: the module whose `app` it is, and its line in the help."""

    module: str
    help: str


class LazyCommand(TyperCommand):
    """Stands in for a subcommand until somebody calls it."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.help, callback=None, add_help_option=False)
        self.module = entry.module

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Load the subcommand and let it take over."""
        try:
            app = cast("typer.Typer", importlib.import_module(self.module).app)
        except ModuleNotFoundError as error:
            fail(missing(error), 1)
        return get_command(app).make_context(*args, **kwargs)


def missing(error: ModuleNotFoundError) -> str:
    """Say what to install when a package is not there; one of ours is a defect, and stays an error."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return f"{package} is not installed: pip install 'openami[{extra}]'"
    raise error


class Commands(TyperGroup):
    """The top of the command line: it turns errors raised on purpose into one sentence."""

    entries: ClassVar[dict[str, Entry]]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, entry in self.entries.items():
            self.add_command(LazyCommand(name, entry), name)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and say in one sentence what went wrong."""
        try:
            return super().invoke(*args, **kwargs)
        except AmiError as error:
            fail(str(error), 1)
        except OSError as error:
            if error.filename is None:
                raise
            fail(f"{error.filename}: {(error.strerror or '').lower()}", 1)
        except ModuleNotFoundError as error:
            fail(missing(error), 1)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
