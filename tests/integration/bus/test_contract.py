"""What every bus promises (shared/bus/interface.py)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.bus import Bus, Consumer, Delivery, Message, open_bus

Receive = Callable[[Consumer, int], list[Delivery]]


def named(*names: str) -> list[Message]:
    """`a1` is a message of key a with value a1."""
    return [Message(name[0], name.encode()) for name in names]


def values(deliveries: list[Delivery]) -> list[str]:
    return [delivery.message.value.decode() for delivery in deliveries]


def test_a_message_arrives_as_it_was_published(bus: Bus, topic: str, receive: Receive) -> None:
    message = Message("patient-1", b"\x00\xff not text", {"trace": "t-1", "ümlaut": "ä"})
    bus.publish(topic, [message])
    with bus.consumer(topic, "group") as consumer:
        (delivery,) = receive(consumer, 1)
    assert delivery.message == message
    assert (delivery.topic, delivery.attempt) == (topic, 1)


def test_messages_of_a_key_arrive_in_order(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, named("a1", "b1", "a2"))
    bus.publish(topic, named("b2", "a3"))
    with bus.consumer(topic, "group") as consumer:
        received = values(receive(consumer, 5))
    assert [value for value in received if value[0] == "a"] == ["a1", "a2", "a3"]
    assert [value for value in received if value[0] == "b"] == ["b1", "b2"]


def test_no_more_arrive_than_were_asked_for(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, named("a1", "b1", "c1"))
    with bus.consumer(topic, "group") as consumer:
        assert len(receive(consumer, 1)) == 1
        assert len(consumer.poll(1, 10)) == 1
        assert consumer.poll(0, 0) == []


def test_every_group_gets_every_message(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, named("a1", "b1"))
    for group in ("one", "two"):
        with bus.consumer(topic, group) as consumer:
            received = receive(consumer, 2)
            assert sorted(values(received)) == ["a1", "b1"]
            consumer.commit(received)


def test_topics_are_apart(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic + "-other", named("b1"))
    bus.publish(topic, named("a1"))
    with bus.consumer(topic, "group") as consumer:
        assert values(receive(consumer, 1)) == ["a1"]
        assert consumer.poll(1, 0.2) == []


def test_what_was_committed_is_never_delivered_again(
    bus: Bus, topic: str, receive: Receive
) -> None:
    bus.publish(topic, named("a1", "a2"))
    with bus.consumer(topic, "group") as consumer:
        consumer.commit(receive(consumer, 1))
    with bus.consumer(topic, "group") as consumer:
        assert values(receive(consumer, 1)) == ["a2"]
        assert consumer.poll(2, 0.2) == []


def test_leaving_gives_back_what_was_not_committed(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, named("a1", "a2", "a3"))
    with bus.consumer(topic, "group") as leaving:
        receive(leaving, 2)
    with bus.consumer(topic, "group") as consumer:
        assert values(receive(consumer, 3)) == ["a1", "a2", "a3"]


def test_published_messages_survive_the_end_of_the_process(
    url: str, topic: str, receive: Receive
) -> None:
    first = open_bus(url)
    first.publish(topic, named("a1"))
    first.close()
    second = open_bus(url)
    with second.consumer(topic, "group") as consumer:
        assert values(receive(consumer, 1)) == ["a1"]
    second.close()


def test_members_of_a_group_share_the_work(bus: Bus, topic: str, receive: Receive) -> None:
    with bus.consumer(topic, "group") as one, bus.consumer(topic, "group") as two:
        bus.publish(topic, [Message(f"key-{n}", str(n).encode()) for n in range(40)])
        received: list[str] = []
        for _ in range(300):
            for member in (one, two):
                deliveries = member.poll(3, 0.1)
                member.commit(deliveries)
                received += values(deliveries)
            if len(received) >= 40:
                break
        assert sorted(received, key=int) == [str(n) for n in range(40)]
        assert one.lag() == 0


def test_a_key_is_never_in_the_hands_of_two_members(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, named("a1", "a2", "a3"))
    with bus.consumer(topic, "group") as one:
        held = receive(one, 1)
        with bus.consumer(topic, "group") as two:
            assert two.poll(3, 0.3) == []
            one.commit(held)
            one.close()
            assert values(receive(two, 2)) == ["a2", "a3"]


def test_polling_keeps_what_is_in_hand(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, named("a1"))
    with bus.consumer(topic, "group") as slow, bus.consumer(topic, "group") as other:
        (held,) = receive(slow, 1)
        for _ in range(15):  # longer than a member may be silent
            slow.poll(0, 0)
            assert other.poll(1, 0.1) == []
        slow.commit([held])
        assert slow.lag() == 0


def test_a_retried_message_leaves_its_place_and_comes_back(
    bus: Bus, topic: str, receive: Receive
) -> None:
    bus.publish(topic, named("a1", "a2", "b1"))
    with bus.consumer(topic, "group") as consumer:
        (first,) = receive(consumer, 1)
        consumer.retry(first, "server away", 0.5)
        others = receive(consumer, 2)
        consumer.commit(others)
        (again,) = receive(consumer, 1)
        assert len(others) == 2 and again.message == first.message
        assert again.attempt == 2


def test_a_retry_that_does_not_count_keeps_the_attempt(
    bus: Bus, topic: str, receive: Receive
) -> None:
    bus.publish(topic, named("a1"))
    with bus.consumer(topic, "group") as consumer:
        for _ in range(3):
            (delivery,) = receive(consumer, 1)
            assert delivery.attempt == 1
            consumer.retry(delivery, "server away", 0, counted=False)


def test_a_dead_letter_keeps_message_and_reason(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, [Message("a", b"a1", {"trace": "t"}), *named("a2")])
    with bus.consumer(topic, "group") as consumer:
        (delivery,) = receive(consumer, 1)
        consumer.dead_letter(delivery, "no such schema version")
        assert values(receive(consumer, 1)) == ["a2"]
    (letter,) = bus.dead_letters(topic)
    assert letter.message == Message("a", b"a1", {"trace": "t"})
    assert (letter.topic, letter.group, letter.reason) == (topic, "group", "no such schema version")
    assert letter.attempts == 1


def test_dead_letters_are_listed_by_topic_up_to_a_limit(
    bus: Bus, topic: str, receive: Receive
) -> None:
    bus.publish(topic, named("a1", "b1", "c1"))
    with bus.consumer(topic, "group") as consumer:
        for delivery in receive(consumer, 3):
            consumer.dead_letter(delivery, "bad")
    assert len(bus.dead_letters(topic)) == 3
    assert len(bus.dead_letters(topic, limit=2)) == 2
    assert bus.dead_letters(topic + "-other") == []


def test_a_replayed_dead_letter_comes_back_to_its_group_alone(
    bus: Bus, topic: str, receive: Receive
) -> None:
    bus.publish(topic, named("a1"))
    with bus.consumer(topic, "group") as consumer, bus.consumer(topic, "other") as other:
        other.commit(receive(other, 1))
        consumer.dead_letter(receive(consumer, 1)[0], "bad")
        (letter,) = bus.dead_letters(topic)
        bus.replay(letter.id)
        assert bus.dead_letters(topic) == []
        (again,) = receive(consumer, 1)
        assert (again.message.value, again.attempt) == (b"a1", 1)
        assert other.poll(1, 0.3) == []
        assert other.lag() == 0


def test_a_dropped_dead_letter_is_gone(bus: Bus, topic: str, receive: Receive) -> None:
    bus.publish(topic, named("a1"))
    with bus.consumer(topic, "group") as consumer:
        consumer.dead_letter(receive(consumer, 1)[0], "bad")
        bus.drop(bus.dead_letters(topic)[0].id)
        assert bus.dead_letters(topic) == []
        assert consumer.poll(1, 0.2) == []


def test_unknown_dead_letters_are_a_key_error(bus: Bus) -> None:
    for act in (bus.replay, bus.drop):
        with pytest.raises(KeyError):
            act("no-such-id")


def test_lag_counts_what_the_group_has_not_finished(bus: Bus, topic: str, receive: Receive) -> None:
    with bus.consumer(topic, "group") as consumer:
        assert consumer.lag() == 0
        bus.publish(topic, named("a1", "b1", "c1"))
        assert consumer.lag() == 3
        one, two, three = receive(consumer, 3)
        assert consumer.lag() == 3
        consumer.commit([one])
        consumer.retry(two, "later", 60)
        consumer.dead_letter(three, "bad")
        assert consumer.lag() == 1


def test_publishing_nothing_is_allowed(bus: Bus, topic: str) -> None:
    bus.publish(topic, [])
    with bus.consumer(topic, "group") as consumer:
        assert consumer.poll(1, 0.1) == []


def test_an_unknown_scheme_says_what_to_set() -> None:
    with pytest.raises(ValueError, match="CHARTSIFT_BUS_URL"):
        open_bus("carrier-pigeon://roof")
