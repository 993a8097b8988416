"""Runs uvicorn: one process or several, announced on the terminal, stopped gracefully."""

import os
import shutil
import socket
import tempfile

import typer
import uvicorn

from dicomweb import metrics
from dicomweb.app import ROOT
from dicomweb.check import serving
from dicomweb.protocol import GatheringProtocol
from dicomweb.settings import Settings

APP = "dicomweb.app:create_app"
# How long requests under way may take to finish after SIGTERM, in seconds.
GRACE = 30


def run(settings: Settings, host: str, port: int, workers: int) -> int:
    """Serve until a signal; the process's exit status."""
    settings.make_data_dir()
    listening = _listen(host, port)
    if listening is None:
        typer.echo(f"The port {port} of {host} is taken, or not ours: choose one with --port.")
        return 2
    _announce(settings, host, listening.getsockname()[1])
    config = uvicorn.Config(
        APP,
        factory=True,
        workers=workers,
        loop="uvloop",
        http=GatheringProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,  # dicomweb.addresses reads them, and knows whom to trust
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        log_level="warning",
        log_config=None,  # dicomweb.logs writes it
    )
    with serving(settings.data_dir):
        if workers > 1:
            return _run_workers(config, listening)
        server = uvicorn.Server(config)
        server.run(sockets=[listening])
        return 0 if server.started else 3


def _run_workers(config: uvicorn.Config, listening: socket.socket) -> int:
    """Several processes on one socket; their metrics meet in a folder of their own."""
    from uvicorn.supervisors import Multiprocess

    folder = tempfile.mkdtemp(prefix="lightbox-metrics-")
    os.environ[metrics.MULTIPROCESS] = folder
    try:
        Multiprocess(config, sockets=[listening]).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _listen(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), port))
        listening.listen(2048)
    except OSError:
        listening.close()
        return None
    listening.set_inheritable(True)
    return listening


def _announce(settings: Settings, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    address = settings.public_url or f"http://{shown}:{port}"
    typer.echo(f"Lightbox serves {settings.data_dir.absolute()}")
    if "extensions.pages" in settings.extensions:
        typer.echo(f"  pages           {address}/")
    typer.echo(f"  DICOMweb root   {address}{ROOT}")
    if "extensions.viewer" in settings.extensions:
        typer.echo(f"  viewer (OHIF)   {address}/viewer")
    typer.echo(f"  health, metrics {address}/health/ready  {address}/metrics")
    typer.echo("Stop it with Ctrl+C.")
