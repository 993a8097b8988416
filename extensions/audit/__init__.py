"""The audit trail: who did what, when, from where, with what outcome; append-only, chained.

For other extensions
--------------------
A change of your own rows is entered in the transaction that changes them:

    from extensions.audit import Action, Entry, enter

    with request.state.archive.session() as session:
        session.add(report)
        enter(session, Entry(Action.CREATE, actor_of(request.scope), "report",
                             study=report.study_uid, object=report.id))

If the entry cannot be written the change fails with it. `enter` takes several entries, and does
nothing where the archive runs without this extension. What has no transaction is given to the
batch, which is written within a second or so, equal entries of a minute as one line:

    note(request.scope, Entry(Action.LOGIN, actor, "password", Outcome.REFUSED, object=name))

Not entered by you, since this extension sees them by itself: stores and deletions of instances
(through whatever door, by `on_stored` and `on_removed`), and of every request: views, searches,
exports, and refusals (401, 403, 429, and 404 for what a limited principal may not see). A request
that changed something and entered nothing gets a line named after its route. A handler that knows
better than its route says `tell(request.scope, Action.VIEW, "report", study=uid)`. Where a path
names something by an id of yours, `Extension.about` tells which study, series or instance it is:
a line without a study gets it from there when it is written, and the Patient ID with it.

`Entry.patient` is a Patient ID, `Entry.object` the id or name of what has no UID. Nothing else of
a patient's belongs into an entry: no names, no text of reports. A search alone is entered with its
query, since that is what was done (PS3.15 A.5.3.10): who looked for whom, found or not.

How it is kept
--------------
Entries are rows of `audit_entry`, inserted at once: changes in the transaction of the change,
views and searches by a background thread (one line for each principal, address, study, kind, query
and minute, counted up until the minute is over). The same thread seals them: up to 500 lines in the
order of their numbers become a batch, whose HMAC goes over all their values and the HMAC of the
batch before, with a key derived from the archive's secret. So the chain needs no lock in the path
of a store. `dicomweb audit verify` finds whatever was changed, taken away or put between, and a
tail that was cut off: the head of the chain is also kept in the file `audit-head` (mode 0600).

What cannot be detected: what someone does to a change's line in the two seconds or so, or to a
view's line in the minute, before it is sealed (what `dicomweb import` stores waits for the next
server); and the work of someone who writes both the database and the data folder, and reads the
secret or puts an older copy of both back. A power cut may cost the views of the last second and the
counts of the last five, never the line of a change.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dicomweb.actor import PROGRAM
from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from dicomweb.extension import Extension, load
from dicomweb.settings import Settings
from extensions.audit import api, report, tables, writing
from extensions.audit.entries import Action, Entry, Outcome, enter, note
from extensions.audit.seeing import answered, tell
from extensions.audit.trail import Trail


@asynccontextmanager
async def _opened(settings: Settings, archive: Archive) -> AsyncIterator[dict[str, object]]:
    """`request.state.audit` is the trail of this process."""
    about = [each.about for each in load(settings.extensions) if each.about]
    trail = Trail(archive, report.chain_of(settings), about)
    trail.note(Entry(Action.START, PROGRAM, "server"))
    trail.start()
    try:
        yield {"audit": trail}
    finally:
        trail.note(Entry(Action.STOP, PROGRAM, "server"))
        await in_thread(trail.close)


extension = Extension(
    name="audit",
    routes=api.routes,
    tables=[tables.create],
    on_stored=writing.on_stored,
    on_removed=writing.on_removed,
    opened=_opened,
    answered=answered,
)

__all__ = ["Action", "Entry", "Outcome", "enter", "extension", "note", "tell"]
