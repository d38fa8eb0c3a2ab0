"""Templates: commands with their parameters, kept under a name."""

import json
from dataclasses import dataclass
from typing import Any

from openami.headend.accounts import audit
from openami.headend.commands.recipes import recipe
from openami.headend.commands.service import Terms, UnknownOrderError
from openami.headend.kit.access import Permission, actor, command
from openami.headend.kit.database import Unit

COLUMNS = "name, title, command, parameters, who, at"


@dataclass(frozen=True, slots=True)
class Template:
    """A command under a name. `at` is real time."""

    name: str
    title: str
    command: str
    parameters: dict[str, Any]
    who: str
    at: int


@command(Permission.VIEW)
def templates(unit: Unit) -> tuple[Template, ...]:
    """Every template, by name."""
    rows = unit.rows(f"SELECT {COLUMNS} FROM command_template ORDER BY name")  # noqa: S608
    return tuple(Template(name, title, of, json.loads(text), who, at) for name, title, of, text, who, at in rows)


@command(Permission.VIEW)
def template(unit: Unit, name: str) -> Template:
    """Find a template."""
    found = next((each for each in templates(unit) if each.name == name), None)
    if found is None:
        raise UnknownOrderError(f"there is no template {name!r}")
    return found


@command(Permission.COMMANDS, is_undivided=True)
def keep(unit: Unit, new: Template, terms: Terms) -> Template:
    """Keep a template, checked as if it were given; one of that name is replaced."""
    recipe(new.command).order(new.parameters, terms.settings)
    unit.run(
        "INSERT INTO command_template (name, title, command, parameters, who, at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET title = excluded.title, command = excluded.command,"
        " parameters = excluded.parameters, who = excluded.who, at = excluded.at",
        (
            new.name, new.title, new.command, json.dumps(new.parameters, ensure_ascii=False), actor(unit).name,
            int(terms.rules.now),
        ),
    )  # fmt: skip
    audit.note(unit, "template.keep", new.name, at=terms.rules.now, command=new.command)
    return template(unit, new.name)


@command(Permission.COMMANDS, is_undivided=True)
def drop(unit: Unit, name: str) -> None:
    """Forget a template."""
    template(unit, name)
    unit.run("DELETE FROM command_template WHERE name = ?", (name,))
    audit.note(unit, "template.drop", name)
