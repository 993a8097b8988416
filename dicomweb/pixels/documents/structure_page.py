"""RT structure sets as a page: the regions, their colours and what they are."""

from dicomweb.pixels.attributes import Metadata, integer, items, text
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.links import BulkReader
from dicomweb.pixels.documents.page import Block, Phrase, Row, Section, Table, say

MAX_REGIONS = 500


def region_table(metadata: Metadata, bulk: BulkReader) -> tuple[Block, ...]:
    """A row for each region of interest (PS3.3 C.8.8.5, C.8.8.8)."""
    from dicomweb.pixels.documents.contours import structure_set

    found = structure_set(metadata)
    observed = {integer(each, "30060084", 0): each for each in items(metadata, "30060080")}
    described = {integer(each, "30060022", 0): each for each in items(metadata, "30060020")}
    rows = []
    for number, region in sorted(found.regions.items())[:MAX_REGIONS]:
        observation, roi = observed.get(number, {}), described.get(number, {})
        ink = "#{:02x}{:02x}{:02x}".format(*region.ink)
        kind = text(observation, "300600A4").lower().replace("_", " ")
        rows.append(
            Row(
                (
                    say(str(number)),
                    (Phrase(region.name, ink=ink),),
                    say(kind) or wording.codes(observation, "30060086"),
                    say(str(region.count)),
                    say(text(roi, "30060036").lower()),
                )
            )
        )
    columns = ("No.", "Region", "Kind", "Contours", "Made")
    table = Table(columns, tuple(rows), numeric=(0, 3))
    return (Section("Regions of interest", (table,)),) if rows else ()
