"""A mouse for a Wayland compositor without one: the protocol ``wlr-virtual-pointer``, spoken here.

Rule: it lives as long as its connection, because a compositor without a mouse offers none to its
clients.
"""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

BUTTONS = {"left": 0x110, "right": 0x111}
_DISPLAY, _REGISTRY, _DONE, _MANAGER, _POINTER = 1, 2, 3, 4, 5
_MANAGER_NAME = b"zwlr_virtual_pointer_manager_v1\0"


class VirtualPointer:
    """Moves and clicks on a screen of ``size`` pixels; ``path`` is the compositor's socket."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._size = size
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(5)
        self._socket.connect(str(path))
        self._send(_DISPLAY, 1, struct.pack("I", _REGISTRY))
        self._send(_DISPLAY, 0, struct.pack("I", _DONE))
        name = self._find_manager()
        text = struct.pack("I", len(_MANAGER_NAME)) + _MANAGER_NAME
        bind = struct.pack("I", name) + text + struct.pack("II", 1, _MANAGER)
        self._send(_REGISTRY, 0, bind)
        self._send(_MANAGER, 0, struct.pack("II", 0, _POINTER))

    def move(self, x: int, y: int) -> None:
        """Go to a point of the screen."""
        self._send(_POINTER, 1, struct.pack("IIIII", self._now(), x, y, *self._size))
        self._send(_POINTER, 4)

    def click(self, button: str) -> None:
        """Press and release a button where the pointer is."""
        for is_down in (1, 0):
            self._send(_POINTER, 2, struct.pack("III", self._now(), BUTTONS[button], is_down))
            self._send(_POINTER, 4)

    def close(self) -> None:
        """Take the mouse away."""
        self._socket.close()

    @staticmethod
    def _now() -> int:
        return int(time.monotonic() * 1000) & 0xFFFFFFFF

    def _send(self, target: int, opcode: int, body: bytes = b"") -> None:
        self._socket.sendall(struct.pack("II", target, (len(body) + 8) << 16 | opcode) + body)

    def _find_manager(self) -> int:
        """The number under which the compositor offers virtual pointers."""
        found = 0
        while True:
            target, head = struct.unpack("II", self._read(8))
            body = self._read((head >> 16) - 8)
            if target == _DONE:
                assert found, "the compositor offers no virtual pointer"
                return found
            if target == _REGISTRY and body[8 : 8 + len(_MANAGER_NAME)] == _MANAGER_NAME:
                (found,) = struct.unpack("I", body[:4])

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self._socket.recv(count - len(data))
        return data
