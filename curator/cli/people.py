"""user: who may come in, and what they may do."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.errors import InputError
from curator.records import Role
from curator.store import users

NameArgument = Annotated[str, typer.Argument(help="To log in with.")]
RoleOption = Annotated[
    Role, typer.Option(help="What they may do; each role may all that those before it may.")
]


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Who may log in to `curator app --team`. "
        "Example: `curator user add Ada --role owner -d photos`.",
    )
    group.command("add")(add)
    group.command("list")(list_command)
    group.command("role")(role_command)
    group.command("remove")(remove)
    app.add_typer(group, name="user")


def add(
    name: NameArgument, role: RoleOption = Role.LABELLER, dataset: DatasetOption = None
) -> None:
    """Add somebody, or give them a new password. Example: `curator user add Ada --role owner`.

    The password is asked for, or read from the first line of stdin where that is a pipe.
    """
    from curator.app.passwords import hashed

    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise InputError("a name has 1 to 64 printable characters")
    stored = hashed(_password())
    with console.opened(dataset) as opened, opened.write() as connection:
        users.put(connection, name, role, stored)
    console.say(f"{name} may log in as {role}")


def list_command(dataset: DatasetOption = None, json: JsonOption = False) -> None:
    """Who there is. Example: `curator user list -d photos`."""
    with console.opened(dataset) as opened, opened.read() as connection:
        every = users.every(connection)
    rows = [
        {
            "name": user.name,
            "role": user.role,
            "may log in": user.password is not None,
            "since": user.created_at,
        }
        for user in every
    ]
    if json:
        console.print_json(rows)
    elif rows:
        console.print_table("Users", list(rows[0]), [list(row.values()) for row in rows])
    else:
        console.say("nobody yet; add somebody with: curator user add NAME --role owner")


def role_command(
    name: NameArgument,
    role: Annotated[Role, typer.Argument(help="Their new role.")],
    dataset: DatasetOption = None,
) -> None:
    """Give somebody another role; they log in again. Example: `curator user role Ada reviewer`."""
    with console.opened(dataset) as opened, opened.write() as connection:
        users.set_role(connection, name, role)


def remove(name: NameArgument, dataset: DatasetOption = None) -> None:
    """Take somebody's access away; their work stays. Example: `curator user remove Ada`."""
    with console.opened(dataset) as opened, opened.write() as connection:
        users.remove(connection, name)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
