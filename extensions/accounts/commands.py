"""`dicomweb user …`: accounts from the command line, and the first one of a container."""

from dicomweb.access.secret import read_secret
from dicomweb.actor import PROGRAM, Actor, operator
from dicomweb.archive import Archive
from dicomweb.errors import Conflict
from dicomweb.settings import Settings
from extensions.accounts import passwords, people

FIRST = "admin"


def check_new(archive: Archive, name: str, role: str) -> None:
    """Raises BadRequest, Conflict, before anybody types a password in vain."""
    people.checked_role(role)
    with archive.reading() as session:
        people.check_new(session, name)


def check_known(archive: Archive, name: str) -> None:
    """Raises NotFound likewise."""
    with archive.reading() as session:
        people.named(session, name)


def add(archive: Archive, name: str, role: str, password: str, actor: Actor = PROGRAM) -> None:
    """Raises BadRequest, Conflict."""
    people.checked_role(role)
    hashed = passwords.hashed(password)
    with archive.session() as session:
        people.add(session, actor, name, role, hashed)


def listed(archive: Archive) -> list[tuple[str, str, bool]]:
    """Name, role, and whether it is disabled."""
    with archive.reading() as session:
        return [(each.name, each.role, each.disabled) for each in people.listed(session)]


def remove(archive: Archive, name: str) -> None:
    """Raises NotFound. The last admin may go, too: the command line makes another one."""
    with archive.session() as session:
        people.remove(session, operator(), people.named(session, name))


def set_password(archive: Archive, name: str, password: str) -> None:
    """Ends all logins of the account, and opens it again where it was disabled."""
    hashed = passwords.hashed(password)
    with archive.session() as session:
        account = people.named(session, name)
        people.change(session, operator(), account, hashed=hashed, disabled=False)


def first_admin(archive: Archive, settings: Settings, *, make: bool) -> str:
    """What to tell the operator, empty when there is an account already.

    Without any, one is made if DICOMWEB_ADMIN_PASSWORD is given, or else, with a generated
    password that is told here and nowhere again, if that is wanted (`make`).
    """
    with archive.reading() as session:
        if people.count(session):
            return ""
    given = settings.admin_password
    if settings.admin_password_file and not given:
        given = read_secret("DICOMWEB_ADMIN_PASSWORD_FILE", settings.admin_password_file)
    if not (given or make):
        return "There is no account yet: dicomweb user add NAME --role admin"
    password = given or passwords.generated()
    try:
        add(archive, FIRST, "admin", password)
    except Conflict:  # another server of this database was faster
        return ""
    if given:
        return f"The account {FIRST} was made, with the password of the settings."
    return f"The account {FIRST} was made. Its password, shown only now: {password}"
