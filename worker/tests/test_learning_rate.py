"""The learning rate of each step: warm-up, cosine, floor."""

from __future__ import annotations

import pytest

from bace_worker.model.learning_rate import Schedule, learning_rate

SCHEDULE = Schedule(peak=1.0, floor=0.1, warm_up_steps=4, decay_end_step=16)


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (1, 0.25),
        (3, 0.75),
        (4, 1.0),  # the peak
        (7, 0.1 + 0.9 * (0.5 + 0.5 * 0.5**0.5)),  # a quarter of the decay: cos 45° = 1/√2
        (8, 0.1 + 0.9 * 0.75),  # a third: cos 60° = 1/2
        (10, 0.55),  # half
        (12, 0.1 + 0.9 * 0.25),
        (16, 0.1),
        (17, 0.1),
        (10**9, 0.1),
    ],
)
def test_values(step: int, rate: float) -> None:
    assert learning_rate(SCHEDULE, step) == pytest.approx(rate, rel=1e-12)


def test_peak_and_floor_are_exact() -> None:
    assert learning_rate(SCHEDULE, 4) == 1.0
    assert learning_rate(SCHEDULE, 16) == 0.1


def test_rises_until_the_peak_and_falls_after_it() -> None:
    rates = [learning_rate(SCHEDULE, step) for step in range(1, 17)]
    assert rates[:4] == sorted(rates[:4])
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert len(set(rates)) == 16


def test_without_warm_up_the_first_step_is_just_below_the_peak() -> None:
    assert 0.99 < learning_rate(Schedule(1.0, 0.1, 0, 16), 1) < 1.0


def test_equal_peak_and_floor_are_a_constant_rate() -> None:
    assert {learning_rate(Schedule(0.3, 0.3, 0, 8), step) for step in range(1, 20)} == {0.3}


@pytest.mark.parametrize(("warm_up", "last", "rates"), [(0, 0, [0.1, 0.1]), (2, 2, [0.5, 1.0, 0.1, 0.1])])
def test_no_decay_at_all(warm_up: int, last: int, rates: list[float]) -> None:
    schedule = Schedule(1.0, 0.1, warm_up, last)
    assert [learning_rate(schedule, step + 1) for step in range(len(rates))] == rates
