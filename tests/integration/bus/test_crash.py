"""A consumer that is killed: what it had not committed is delivered again, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

from shared.bus import Bus, Consumer, Delivery, Message

Receive = Callable[[Consumer, int], list[Delivery]]

KILLED = textwrap.dedent(
    """
    import sys, time
    from shared.bus import open_bus

    url, topic = sys.argv[1:]
    consumer = open_bus(url).consumer(topic, "group")
    held = []
    while len(held) < 4:
        held += consumer.poll(4 - len(held), 0.5)
    consumer.commit(held[:2])
    print("holding", flush=True)
    while True:
        consumer.poll(0, 0)
        time.sleep(0.05)
    """
)

PUBLISHER = textwrap.dedent(
    """
    import sys
    from shared.bus import Message, open_bus

    url, topic, name = sys.argv[1:]
    bus = open_bus(url)
    for start in range(0, 200, 20):
        bus.publish(topic, [Message(name, b"%d" % n) for n in range(start, start + 20)])
    """
)


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    )


def test_kill_9_loses_nothing_and_repeats_only_what_was_not_committed(
    bus: Bus, url: str, topic: str, receive: Receive
) -> None:
    bus.publish(topic, [Message("a", str(n).encode()) for n in range(6)])
    with started(KILLED, url, topic) as process:
        assert process.stdout is not None and process.stdout.readline() == "holding\n"
        process.send_signal(signal.SIGKILL)
    with bus.consumer(topic, "group") as consumer:
        received = receive(consumer, 4)
        consumer.commit(received)
        assert [(d.message.value, d.attempt) for d in received] == [
            (b"2", 2),
            (b"3", 2),
            (b"4", 1),
            (b"5", 1),
        ]
        assert consumer.lag() == 0


def test_kill_9_of_a_publisher_leaves_whole_batches(bus: Bus, url: str, topic: str) -> None:
    with bus.consumer(topic, "group") as consumer:
        with started(PUBLISHER, url, topic, "a") as process:
            give_up = time.monotonic() + 20
            while consumer.lag() == 0 and time.monotonic() < give_up:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        published = consumer.lag()
        assert published > 0
        received: list[Delivery] = []
        while len(received) < published:
            received += consumer.poll(1000, 5)
    assert published % 20 == 0
    assert [int(d.message.value) for d in received] == list(range(published))


def test_processes_publish_side_by_side(bus: Bus, url: str, topic: str, receive: Receive) -> None:
    processes = [started(PUBLISHER, url, topic, name) for name in "abc"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    with bus.consumer(topic, "group") as consumer:
        received = receive(consumer, 600)
    for name in "abc":
        of_key = [int(d.message.value) for d in received if d.message.key == name]
        assert of_key == list(range(200))
