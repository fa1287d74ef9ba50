"""Properties of the core repeat: the same examples in every run, enough of them, and no wall-clock deadline."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "core", derandomize=True, max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("core")
