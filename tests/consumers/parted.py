"""What tests of a backlog in parts share: parts that are there from the start, and what must hold at any moment."""

from adapters.database.session import Database
from consumers.parts import parting
from consumers.parts.leading import Crew
from consumers.parts.working import Part, Working
from consumers.projector import Projector
from consumers.worker import Access
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import MASTER_KEY

NOT_SHOWN = """
    SELECT count(*) FROM events.event AS e JOIN read.checkpoint AS c ON e.notification_id <= c.position
    LEFT JOIN read.communication AS r ON r.communication_id = e.originator_id
    WHERE e.topic NOT LIKE 'Customer.%%' AND coalesce(r.position, 0) < e.notification_id
"""
KEPT = """
    SELECT listed, tenant_id, facet, NULL::int AS span, number FROM read.facet WHERE number <> 0
    UNION ALL SELECT listed, tenant_id, facet, span, number FROM read.facet_span WHERE number <> 0
"""
COUNTED = " UNION ALL ".join(
    f"SELECT '{listed}' AS listed, tenant_id, facet, NULL::int AS span, count(*) AS number FROM read.{listed}"
    f" GROUP BY 1, 2, 3 UNION ALL SELECT '{listed}', tenant_id, facet, read.span(shipped_at), count(*)"
    f" FROM read.{listed} WHERE shipped_at IS NOT NULL GROUP BY 1, 2, 3, 4"
    for listed in ("communication", "attempt")
)
MISCOUNTED = f"SELECT count(*) FROM (({KEPT}) EXCEPT ({COUNTED})) AS k"
NOT_COUNTED = f"SELECT count(*) FROM (({COUNTED}) EXCEPT ({KEPT})) AS k"


OUTSIDE = " UNION ALL ".join(
    f"SELECT FROM read.{listed} AS r JOIN read.facet AS f USING (tenant_id, facet) WHERE f.listed = '{listed}'"
    " AND (r.lag < f.lag_least OR r.lag > f.lag_most)"
    for listed in ("communication", "attempt")
)


def crew(models: ReadModels, processes: int = 2) -> Crew:
    return Crew(processes, Access(models.url, MASTER_KEY, "unused"))


def leader(models: ReadModels, processes: int = 2) -> Projector:
    return Projector(models.database, models.new_keys(), crew(models, processes))


def set_out(models: ReadModels, parts: int) -> list[Part]:
    """What there is now becomes the backlog, in so many parts."""
    begun = models.projector()
    begun.lag()
    with models.reading() as connection:
        parting.set_out(models.database, connection, begun.lag()[0].position, parts)
        return [one.part for one in parting.standing(connection)]


def worker(models: ReadModels, part: Part, database: Database | None = None) -> Working:
    """As another process has it."""
    return Working(database or models.database, models.new_keys(), part)


def standing(models: ReadModels) -> list[int]:
    with models.reading() as connection:
        return [one.position for one in parting.standing(connection)]


def holds(models: ReadModels) -> bool:
    """The checkpoint tells of no event that is not shown, and the lists' numbers are those of their rows."""
    outside = f"SELECT count(*) FROM ({OUTSIDE}) AS o"
    return not any(models.one(sql) for sql in (NOT_SHOWN, MISCOUNTED, NOT_COUNTED, outside))
