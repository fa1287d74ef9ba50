from edgelock.ops.durations import clock


def test_long_times_turn_into_hours_and_days():
    assert [clock(0), clock(5999), clock(6000), clock(360_000)] == ["0:00", "99:59", "1h40", "4d04"]
