"""Durations as people read them in a narrow column."""


def clock(seconds: int) -> str:
    """Minutes and seconds, hours and minutes, or days and hours: 12:05, 3h20, 4d07."""
    minutes, rest = divmod(seconds, 60)
    if minutes < 100:
        return f"{minutes}:{rest:02}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}" if hours < 100 else f"{hours // 24}d{hours % 24:02}"
