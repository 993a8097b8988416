"""What `dicomweb import` and `dicomweb check` show on the terminal: progress, then a summary."""

import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dicomweb import check as checking
from dicomweb import extension, importing, process
from dicomweb.actor import operator
from dicomweb.app import open_archive
from dicomweb.archive import Archive
from dicomweb.incoming import Outcome
from dicomweb.settings import Settings, WrongSetting


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _open(settings: Settings) -> Archive:
    archive = open_archive(settings, extension.load(settings.extensions))
    process.settle()
    return archive


def import_files(settings: Settings, paths: list[Path]) -> int:
    """Import with a progress bar; the exit status: 1 when any file was refused."""
    console = Console(stderr=True)
    counts: Counter[str] = Counter()
    refusals: list[str] = []
    archive = _open(settings)
    try:
        with _progress(console) as progress:
            task = progress.add_task("import", total=sum(1 for _ in importing.sources(paths)))

            def tell(source: importing.Source, outcome: Outcome) -> None:
                progress.advance(task)
                counts[_kind(outcome)] += 1
                if outcome.reason:
                    refusals.append(f"{source.name}: {outcome.sentence} ({outcome.reason:04X})")

            importing.run(archive, paths, tell, operator())
    finally:
        archive.close()
    plain = Console(soft_wrap=True, markup=False, highlight=False)
    for line in refusals:
        plain.print(line)
    stored = counts["stored"] + counts["stored with a warning"]
    plain.print(
        f"{stored} stored ({counts['stored with a warning']} of them with a warning), "
        f"{counts['refused']} refused."
    )
    return 1 if refusals else 0


def _kind(outcome: Outcome) -> str:
    if outcome.reason:
        return "refused"
    return "stored with a warning" if outcome.doubts else "stored"


def verify_audit(settings: Settings) -> int:
    """Show what is wrong with the audit trail; the exit status: 1 when anything is."""
    from extensions.audit import report

    extensions = extension.load(settings.extensions)
    report.check_enabled(extensions)
    plain = Console(soft_wrap=True, markup=False, highlight=False)
    archive = open_archive(settings, extensions)
    wrong = 0
    try:
        for sentence in report.verify(settings, archive):
            wrong += 1
            plain.print(sentence)
        plain.print(f"{report.summary(archive)} {wrong or 'Nothing'} wrong.")
    finally:
        archive.close()
    return 1 if wrong else 0


def export_audit(settings: Settings, since: str, until: str, form: str) -> int:
    """Write the audit trail to standard output."""
    from extensions.audit import report

    if form not in ("json", "xml"):
        raise WrongSetting("--format is json or xml.")
    extensions = extension.load(settings.extensions)
    report.check_enabled(extensions)
    archive = open_archive(settings, extensions)
    try:
        for piece in report.export(archive, since, until, form):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    finally:
        archive.close()
    return 0


def check(settings: Settings, *, repair: bool) -> int:
    """Compare index and storage; the exit status: 1 when something wrong was left so."""
    plain = Console(soft_wrap=True, markup=False, highlight=False)
    archive = _open(settings)
    counts: Counter[bool] = Counter()
    looked = 0
    try:
        with _progress(Console(stderr=True)) as progress:
            task = progress.add_task("check", total=archive.statistics().instances)

            def step() -> None:
                nonlocal looked
                looked += 1
                progress.advance(task)

            found = checking.run(
                archive,
                settings.data_dir,
                repair=repair,
                step=step,
                extensions=extension.load(settings.extensions),
            )
            for finding in found:
                counts[finding.repaired] += 1
                state = "repaired" if finding.repaired else "left so"
                plain.print(f"{finding.subject} {finding.problem} ({state})")
    finally:
        archive.close()
    plain.print(
        f"{looked} looked at, {counts[True] + counts[False]} wrong, {counts[True]} repaired."
    )
    return 1 if counts[False] else 0
