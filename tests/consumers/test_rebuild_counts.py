"""What is counted of the read models' rows stays right through a rebuild, and goes on being counted after it."""

from adapters.bootstrap import Installation
from consumers.rebuild.rebuilding import Rebuilding
from tests.consumers.read_models import ReadModels
from tests.consumers.rebuilt import sent


def counted(models: ReadModels) -> object:
    return models.one(
        "SELECT array_agg(concat_ws(' ', listed, facet, number) ORDER BY listed, facet) FROM read.facet"
        " WHERE number <> 0"
    )


def grouped(models: ReadModels) -> object:
    return models.one(
        "SELECT array_agg(concat_ws(' ', listed, facet, number) ORDER BY listed, facet) FROM ("
        " SELECT 'attempt' AS listed, facet, count(*) AS number FROM read.attempt GROUP BY facet"
        " UNION ALL SELECT 'communication', facet, count(*) FROM read.communication GROUP BY facet)"
    )


def test_facets_are_those_of_the_new_tables(models: ReadModels, owner: Installation) -> None:
    models.record(*(sent(models, number, number % 3) for number in range(12)))
    models.projector().run_once()
    models.change("UPDATE read.facet SET number = number + 7")
    assert counted(models) != grouped(models)
    Rebuilding(owner).rebuild()
    assert counted(models) == grouped(models)
    models.record(sent(models, 99))
    models.projector().run_once()
    assert counted(models) == grouped(models)
