"""What the tests use of dbus-fast. Off Linux, which alone has it, the names stand for nothing.

Tests that need a bus are skipped there; others share a module with them.
"""

from __future__ import annotations

import sys

if sys.platform == "linux":
    from dbus_fast import DBusError, Message, MessageType, Variant, unpack_variants
    from dbus_fast.aio import MessageBus
else:

    class DBusError(Exception): ...

    class Message:
        def __init__(self, *_: object) -> None: ...

    MessageType = MessageBus = Variant = unpack_variants = Message

__all__ = ["DBusError", "Message", "MessageBus", "MessageType", "Variant", "unpack_variants"]
