"""Any order of calls on two members of one group, against a model in memory."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.bus import Consumer, Delivery, Message, open_bus

TOPIC, GROUP = "notes", "extract"
members = st.integers(0, 1)


@dataclass
class Known:
    """A message that the group has not finished. holder: the member that has it in hand."""

    number: int
    key: str
    attempt: int = 0
    holder: int | None = None


class Group(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bus = open_bus(f"sqlite:///{self.folder.name}/bus.db")
        self.members: list[Consumer] = [self.bus.consumer(TOPIC, GROUP) for _ in range(2)]
        self.hands: list[list[Delivery]] = [[], []]
        self.open: dict[int, Known] = {}
        self.dead: dict[int, str] = {}
        self.published = 0

    @rule(keys=st.lists(st.sampled_from("abc"), min_size=1, max_size=6))
    def publish(self, keys: list[str]) -> None:
        batch = []
        for key in keys:
            self.open[self.published] = Known(self.published, key)
            batch.append(Message(key, str(self.published).encode()))
            self.published += 1
        self.bus.publish(TOPIC, batch)

    @rule(member=members, most=st.integers(0, 4))
    def poll(self, member: int, most: int) -> None:
        elsewhere = {k.key for k in self.open.values() if k.holder == 1 - member}
        free = [k for k in self.open.values() if k.holder is None and k.key not in elsewhere]
        expected = free[:most]
        received = self.members[member].poll(most, 0)
        assert [int(d.message.value) for d in received] == [k.number for k in expected]
        for known, delivery in zip(expected, received, strict=True):
            known.attempt += 1
            known.holder = member
            assert delivery.attempt == known.attempt
            self.hands[member].append(delivery)

    @precondition(lambda self: any(self.hands))
    @rule(data=st.data(), member=members)
    def commit(self, data: Any, member: int) -> None:
        for delivery in self._some(data, member):
            self.members[member].commit([delivery])
            del self.open[int(delivery.message.value)]

    @precondition(lambda self: any(self.hands))
    @rule(data=st.data(), member=members, counted=st.booleans())
    def retry(self, data: Any, member: int, counted: bool) -> None:
        for delivery in self._some(data, member):
            self.members[member].retry(delivery, "again", 0, counted=counted)
            known = self.open[int(delivery.message.value)]
            known.holder = None
            known.attempt -= not counted

    @precondition(lambda self: any(self.hands))
    @rule(data=st.data(), member=members)
    def dead_letter(self, data: Any, member: int) -> None:
        for delivery in self._some(data, member):
            self.members[member].dead_letter(delivery, "bad")
            known = self.open.pop(int(delivery.message.value))
            self.dead[known.number] = known.key

    @precondition(lambda self: self.dead)
    @rule()
    def replay(self) -> None:
        letter = self.bus.dead_letters(TOPIC)[0]
        self.bus.replay(letter.id)
        number = int(letter.message.value)
        self.open[number] = Known(number, self.dead.pop(number))  # now the last on its topic

    @rule(member=members)
    def leave_and_join(self, member: int) -> None:
        self.members[member].close()
        self.members[member] = self.bus.consumer(TOPIC, GROUP)
        self.hands[member].clear()
        for known in self.open.values():
            if known.holder == member:
                known.holder = None
                known.attempt -= 1

    @invariant()
    def lag_and_dead_letters_are_as_in_the_model(self) -> None:
        assert self.members[0].lag() == len(self.open)
        assert {int(d.message.value) for d in self.bus.dead_letters()} == set(self.dead)

    def _some(self, data: Any, member: int) -> list[Delivery]:
        hand = self.hands[member]
        chosen = data.draw(st.lists(st.sampled_from(range(len(hand))), unique=True)) if hand else []
        deliveries = [hand[at] for at in chosen]
        self.hands[member] = [delivery for delivery in hand if delivery not in deliveries]
        return deliveries

    def teardown(self) -> None:
        for member in self.members:
            member.close()
        self.bus.close()
        self.folder.cleanup()


TestGroup = Group.TestCase
TestGroup.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
