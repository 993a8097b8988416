"""The command line: serve · import · check · routes."""

import logging
import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import typer

from dicomweb import __version__
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
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        cli()
    except (WrongSetting, Refusal, ValueError) as wrong:
        sys.exit(_say(str(wrong)))


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
    config: Config = None,
) -> None:
    """Serve the archive."""
    settings = _load(config, data_dir, allow_anonymous=allow_anonymous or None)
    _refuse_strangers(settings, host)
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


@cli.command()
def routes(config: Config = None) -> None:
    """The whole HTTP surface on one page: method, path, permission."""
    from dicomweb import extension
    from dicomweb.app import all_routes

    for each in all_routes(extension.load(_load(config, None).extensions)):
        methods = ",".join(sorted(getattr(each, "methods", ()) or ()))
        permission = getattr(each, "permission", "")
        typer.echo(f"{methods:<10} {getattr(each, 'path', ''):<75} {permission}")


@cli.callback(invoke_without_command=True)
def version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"lightbox-dicomweb {__version__}")
        raise typer.Exit


if __name__ == "__main__":
    main()
