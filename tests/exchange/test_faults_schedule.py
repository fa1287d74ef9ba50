"""Which fault strikes when: windows, counts, chances and whom they are meant for."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import SECOND, Duration
from edgelock.exchange.faults_rest_kinds import Drop
from edgelock.exchange.faults_schedule import Elapsed, FaultSchedule, Occasion, Rule, Timing

CREATE = Occasion("create")
moments = st.lists(st.integers(0, 100), min_size=1, max_size=60).map(sorted)
probabilities = st.floats(0, 1)


def seconds(number: float) -> Duration:
    return Duration(int(number * SECOND))


def after(market_s: float, real_s: float | None = None) -> Elapsed:
    return Elapsed(seconds(market_s), seconds(market_s if real_s is None else real_s))


def rule(number: int = 1, *, on: str = "create", timing: Timing = Timing(), **limits: frozenset[str] | None) -> Rule:  # noqa: B008 - frozen
    return Rule(
        number=number,
        name=f"rule {number}",
        kind="drop_before",
        fault=Drop(applies=False, is_reset=False),
        targets=frozenset({on}),
        timing=timing,
        **limits,
    )


def struck_at(timing: Timing, times: list[int], seed: int = 1) -> list[int]:
    schedule = FaultSchedule(seed, [rule(timing=timing)])
    return [at for at in times if schedule.strike(CREATE, after(at)) is not None]


def test_nothing_strikes_without_rules() -> None:
    assert FaultSchedule().strike(CREATE, after(0)) is None


@given(moments, st.integers(0, 50), st.integers(1, 50))
def test_a_window_is_closed_at_its_start_and_open_at_its_end(times: list[int], start: int, length: int) -> None:
    timing = Timing(at=seconds(start), lasts=seconds(length))
    assert struck_at(timing, times) == [at for at in times if start <= at < start + length]


@given(moments, st.integers(1, 10), probabilities)
def test_a_count_is_never_exceeded(times: list[int], count: int, chance: float) -> None:
    assert len(struck_at(Timing(count=count, probability=chance), times)) <= count


@given(moments, st.integers(0, 70))
def test_so_many_occasions_pass_first(times: list[int], skip: int) -> None:
    assert struck_at(Timing(skip=skip), times) == times[skip:]


@given(moments, st.integers(1, 20), st.integers(0, 30))
def test_at_most_one_strike_falls_in_each_period(times: list[int], period: int, start: int) -> None:
    struck = struck_at(Timing(at=seconds(start), every=seconds(period)), times)
    periods = [(at - start) // period for at in struck]
    assert len(set(periods)) == len(periods)
    assert set(periods) == {(at - start) // period for at in times if at >= start}


@given(moments, st.integers(0, 2**32), probabilities)
def test_the_same_seed_and_occasions_give_the_same_strikes(times: list[int], seed: int, chance: float) -> None:
    timing = Timing(probability=chance)
    assert struck_at(timing, times, seed) == struck_at(timing, times, seed)


def test_another_seed_gives_other_strikes_about_as_often_as_told() -> None:
    timing, times = Timing(probability=0.3), list(range(2000))
    one, other = struck_at(timing, times, 1), struck_at(timing, times, 2)
    assert one != other
    assert 500 < len(one) < 700


@given(moments, probabilities)
def test_a_further_rule_changes_nothing_before_it(times: list[int], chance: float) -> None:
    first = rule(1, timing=Timing(probability=chance))
    alone, together = FaultSchedule(5, [first]), FaultSchedule(5, [first, rule(2, timing=Timing(probability=0.5))])
    for at in times:
        strike, with_second = alone.strike(CREATE, after(at)), together.strike(CREATE, after(at))
        assert (strike is not None) == (with_second is not None and with_second.rule.number == 1)


def test_the_first_rule_that_strikes_gets_the_occasion() -> None:
    schedule = FaultSchedule(1, [rule(1, timing=Timing(count=1)), rule(2)])
    strikes = [schedule.strike(CREATE, after(0)) for _ in range(3)]
    assert [(strike.rule.number, strike.number) for strike in strikes if strike is not None] == [(1, 1), (2, 1), (2, 2)]


def test_a_rule_goes_by_the_clock_it_names() -> None:
    market = FaultSchedule(1, [rule(timing=Timing(at=seconds(10)))])
    real = FaultSchedule(1, [rule(timing=Timing(at=seconds(10), is_real=True))])
    moment = after(60, real_s=1)
    assert market.strike(CREATE, moment) is not None
    assert real.strike(CREATE, moment) is None


def test_a_rule_strikes_only_what_it_is_meant_for() -> None:
    limited = FaultSchedule(1, [rule(tickers=frozenset({"A"}), accounts=frozenset({"ann"}))])
    assert limited.strike(Occasion("create", ("A",), "ann"), after(0)) is not None
    for other in (
        Occasion("cancel", ("A",), "ann"),
        Occasion("create", ("B",), "ann"),
        Occasion("create", (), "ann"),
        Occasion("create", ("A",), "bob"),
        Occasion("create", ("A",), None),
    ):
        assert limited.strike(other, after(0)) is None, other


def test_occasions_of_others_use_up_no_chance_and_no_count() -> None:
    timing = Timing(probability=0.5, skip=2)
    mixed, plain = FaultSchedule(3, [rule(timing=timing)]), FaultSchedule(3, [rule(timing=timing)])
    for _ in range(20):
        mixed.strike(Occasion("cancel"), after(0))
        assert (mixed.strike(CREATE, after(0)) is None) == (plain.strike(CREATE, after(0)) is None)


def test_a_confirmation_is_struck_only_by_a_rule_that_names_it() -> None:
    data, acknowledgement = (Occasion("fill", (), "ann", frame) for frame in ("fill", "subscribed"))
    anything, named = rule(1, on="fill"), rule(2, on="fill", frames=frozenset({"subscribed"}))
    schedule = FaultSchedule(1, [anything, named])
    strikes = [schedule.strike(occasion, after(0)) for occasion in (data, acknowledgement)]
    assert [strike.rule.number for strike in strikes if strike is not None] == [1, 2]
