"""The command line: serve · import · check · user · audit · routes."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import typer

from dicomweb import __version__, process
from dicomweb.access.permissions import ROLES
from dicomweb.errors import Refusal
from dicomweb.settings import PREFIX, Settings, WrongSetting, load

cli = typer.Typer(
    help="Lightbox: a DICOMweb archive.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[
    Path | None, typer.Option(help="Folder of the index and the files; ./data by default.")
]
Config = Annotated[Path | None, typer.Option(help="A TOML file with DICOMWEB_ settings.")]


def main() -> None:
    """The console script: a wrong setting, or a refusal, is one sentence and exit status 2."""
    process.hasten()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        cli()
    except (WrongSetting, Refusal, ValueError) as wrong:
        sys.exit(_say(str(wrong)))
    except OSError as fault:  # a folder that is none, or not ours
        sys.exit(_say(f"{fault.filename or 'The archive'}: {fault.strerror or fault}."))


def _say(sentence: str) -> int:
    typer.echo(sentence, err=True)
    return 2


def _settings_help() -> str:
    """The settings as `serve --help` lists them: one table, read from the one place."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        rows.append(f"{PREFIX}{name.upper()} [{default}]: {field.description}")
    return "Settings, in the environment or in the file of --config:\n\n" + "\n\n".join(rows)


@cli.command(epilog=_settings_help())
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8080,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
    allow_anonymous: Annotated[
        bool, typer.Option(help="Serve everybody on an address that is not loopback.")
    ] = False,
    first_admin: Annotated[
        bool, typer.Option(help="Make the account admin, and print its password, if none exists.")
    ] = False,
    config: Config = None,
) -> None:
    """Serve the archive."""
    settings = _load(config, data_dir, allow_anonymous=allow_anonymous or None)
    _refuse_strangers(settings, host)
    if settings.auth == "local":
        with _accounts(settings) as (commands, archive):
            if told := commands.first_admin(archive, settings, make=first_admin):
                typer.echo(told)
    _hand_down(settings)
    from dicomweb import serving

    sys.exit(serving.run(settings, host, port, workers))


def _load(config: Path | None, data_dir: Path | None, **overrides: Any) -> Settings:
    given = {"data_dir": data_dir, **overrides}
    return load(config, **{name: value for name, value in given.items() if value is not None})


def _refuse_strangers(settings: Settings, host: str) -> None:
    """DICOMWEB_AUTH=none serves whoever comes: only a loopback address may."""
    if settings.auth != "none" or settings.allow_anonymous or _is_loopback(host):
        return
    raise WrongSetting(
        f"DICOMWEB_AUTH is none, so that {host} would serve patient data to everybody: "
        "listen on 127.0.0.1, or say --allow-anonymous."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _hand_down(settings: Settings) -> None:
    """Worker processes read their settings from the environment."""
    for name, value in settings.model_dump(exclude_none=True).items():
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        os.environ[PREFIX + name.upper()] = text


@cli.command(name="import")
def import_(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files, folders, ZIPs.")],
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Store files, folders and ZIPs; exit status 1 when any file was refused."""
    from dicomweb import reports

    sys.exit(reports.import_files(_load(config, data_dir), paths))


@cli.command()
def check(
    repair: Annotated[
        bool, typer.Option("--repair", help="Set right what is wrong; no bytes are destroyed.")
    ] = False,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Compare index and storage; exit status 1 when something is wrong and not repaired."""
    from dicomweb import reports

    sys.exit(reports.check(_load(config, data_dir), repair=repair))


@contextmanager
def _accounts(settings: Settings) -> Iterator[tuple[Any, Any]]:
    """The commands of the extension that keeps accounts, and the archive that it keeps them in."""
    from dicomweb import app, extension

    archive = app.open_archive(settings, extension.load(settings.extensions))
    try:
        yield import_module("extensions.accounts.commands"), archive
    finally:
        archive.close()


def _existing(settings: Settings) -> Settings:
    """The settings of an archive that is there: a folder's name may be misspelt."""
    if not settings.database_url and not (settings.data_dir / "index.sqlite").exists():
        raise WrongSetting(f"There is no archive in {settings.data_dir.absolute()}.")
    return settings


def _password(from_input: bool) -> str:
    """What a person types twice, or the first line of the standard input."""
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise WrongSetting("There is no terminal to type a password at: say --password-stdin.")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


PasswordInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the standard input.")
]
user = typer.Typer(help="Accounts of DICOMWEB_AUTH=local.", no_args_is_help=True)
cli.add_typer(user, name="user")


@user.command(name="add")
def user_add(
    name: Annotated[str, typer.Argument()],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    password_stdin: PasswordInput = False,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Add an account."""
    settings = _load(config, data_dir)
    with _accounts(settings) as (commands, archive):
        commands.check_new(archive, name, role)
        commands.add(archive, name, role, _password(password_stdin), commands.operator())
    where = "" if settings.database_url else f" to the archive in {settings.data_dir.absolute()}"
    typer.echo(f"The account {name} was added{where}.")


@user.command(name="list")
def user_list(data_dir: DataDir = None, config: Config = None) -> None:
    """All accounts: name, role, and whether they are disabled."""
    with _accounts(_existing(_load(config, data_dir))) as (commands, archive):
        found = commands.listed(archive)
    for name, role, disabled in found:
        typer.echo(f"{name:<30} {role:<16}{'disabled' if disabled else ''}".rstrip())
    if not found:
        typer.echo("There is no account yet: dicomweb user add NAME --role admin", err=True)


@user.command(name="remove")
def user_remove(
    name: Annotated[str, typer.Argument()], data_dir: DataDir = None, config: Config = None
) -> None:
    """Remove an account; whatever it is logged in to ends."""
    with _accounts(_existing(_load(config, data_dir))) as (commands, archive):
        commands.remove(archive, name)
    typer.echo(f"The account {name} was removed.")


@user.command(name="password")
def user_password(
    name: Annotated[str, typer.Argument()],
    password_stdin: PasswordInput = False,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Give an account a new password, and open it where it was disabled."""
    with _accounts(_existing(_load(config, data_dir))) as (commands, archive):
        commands.check_known(archive, name)
        commands.set_password(archive, name, _password(password_stdin))
    typer.echo(f"The account {name} has a new password.")


@cli.command()
def routes(config: Config = None) -> None:
    """The whole HTTP surface on one page: method, path, permission."""
    from dicomweb import extension
    from dicomweb.app import all_routes

    for each in all_routes(extension.load(_load(config, None).extensions)):
        methods = ",".join(sorted(getattr(each, "methods", ()) or ()))
        permission = getattr(each, "permission", "")
        typer.echo(f"{methods:<10} {getattr(each, 'path', ''):<75} {permission}")


audit = typer.Typer(help="The audit trail: who saw and changed what.", no_args_is_help=True)
cli.add_typer(audit, name="audit")


@audit.command(name="verify")
def verify_audit(data_dir: DataDir = None, config: Config = None) -> None:
    """Compare the trail with its seals; exit status 1 when a line was changed or is missing."""
    from dicomweb import reports

    sys.exit(reports.verify_audit(_existing(_load(config, data_dir))))


@audit.command(name="export")
def export_audit(
    since: Annotated[str, typer.Option("--from", help="First day or moment, ISO 8601.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day, or the moment behind.")] = "",
    form: Annotated[
        str, typer.Option("--format", help="json (a line each), or xml (DICOM messages).")
    ] = "json",
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Write the trail to standard output, oldest first."""
    from dicomweb import reports

    settings = _existing(_load(config, data_dir))
    sys.exit(reports.export_audit(settings, since, until, form))


@cli.callback(invoke_without_command=True)
def version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"lightbox-dicomweb {__version__}")
        raise typer.Exit


if __name__ == "__main__":
    main()
