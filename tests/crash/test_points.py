"""A point is written as it is read, and odd texts are refused."""

import pytest

from tests.crash.points import GROUPS, Phase, Point
from tests.crash.seams import static_labels


def test_a_point_reads_back_from_its_text():
    point = Point(Phase.TRADING, "tell.market.FactNews(OrderFilled).after", 12)

    assert Point.parse(str(point)) == point


@pytest.mark.parametrize(
    "text",
    [
        "trading:journal.record_fill.after",
        "trading:journal.record_fill.after:0",
        "trading:weather.rain.after:1",
        "sometimes:journal.record_fill.after:1",
        "",
    ],
)
def test_what_is_no_point_is_refused(text):
    with pytest.raises(ValueError):
        Point.parse(text)


def test_every_static_label_belongs_to_a_group():
    assert {label.split(".", 1)[0] for label in static_labels()} <= GROUPS.keys()
