"""Students that were trained: what is known of one, where they are kept, which is in service."""

from training.registry.description import (
    RegistryEntry,
    StudentDescription,
    read_entry,
    write_description,
)
from training.registry.errors import (
    DamagedRegistry,
    DamagedStudent,
    NotPromotable,
    PromotionConflict,
    RegistryError,
    RegistryUnavailable,
    UnknownStudent,
)
from training.registry.log import Event, Kind, State
from training.registry.store import Listed, Registry

__all__ = [
    "DamagedRegistry",
    "DamagedStudent",
    "Event",
    "Kind",
    "Listed",
    "NotPromotable",
    "PromotionConflict",
    "Registry",
    "RegistryEntry",
    "RegistryError",
    "RegistryUnavailable",
    "State",
    "StudentDescription",
    "UnknownStudent",
    "read_entry",
    "write_description",
]
