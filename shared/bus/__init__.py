"""The bus: topics between the services. `open_bus(settings.bus())` picks the implementation."""

from __future__ import annotations

from shared.bus.interface import Bus, BusUnavailable, Consumer, DeadLetter, Delivery, Message

__all__ = ["Bus", "BusUnavailable", "Consumer", "DeadLetter", "Delivery", "Message", "open_bus"]


def open_bus(url: str) -> Bus:
    """`sqlite:///path/to/bus.db[?lease=SECONDS]`: embedded, for the processes of one machine.

    Raises ValueError for any other URL, BusUnavailable where the file cannot be opened.
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        from shared.bus.sqlite import SqliteBus

        return SqliteBus(url)
    raise ValueError(
        f"no bus speaks {scheme!r}; set CHARTSIFT_BUS_URL to sqlite:///path/to/bus.db, "
        "or leave it empty for the embedded bus"
    )
