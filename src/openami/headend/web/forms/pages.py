"""Fields, buttons, and a place that says what came of them."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from openami.core.errors import AmiError
from openami.headend.web.markup import html


class Told:
    """A place for what came of a button."""

    def __init__(self) -> None:
        self._place = ui.html("", sanitize=False).classes("told").props('role="status"')

    def say(self, content: object, style: str = "good") -> None:
        """Say how it went."""
        self._place.set_content(html('<p class="{}">{}</p>', style, content))

    async def try_(self, act: Callable[[], Awaitable[object]]) -> None:
        """Do something; say why, if it is refused."""
        try:
            await act()
        except AmiError as error:
            sentence = str(error)
            self.say(sentence[:1].upper() + sentence[1:] + ".", "poor")


def button(title: str, act: Callable[[], Awaitable[object]], told: Told, style: str = "primary") -> ui.button:
    """Put a button here that says what came of it."""
    made = ui.button(title, color=None, on_click=lambda: told.try_(act))
    return made.props("unelevated no-caps dense").classes(style)


class Field:
    """A field of a form."""

    def __init__(self, made: ui.input) -> None:
        self._made = made

    @property
    def value(self) -> str:
        """What stands in it."""
        return self._made.value or ""

    def clear(self) -> None:
        """Make it empty."""
        self._made.set_value("")


def field(label: str, *, secret: bool = False, value: str = "", complete: str = "off") -> Field:
    """Put a field of a form here."""
    made = ui.input(label, password=secret, password_toggle_button=secret, value=value)
    made.props(f'outlined dense autocomplete="{complete}" autocapitalize=none')
    return Field(made)
