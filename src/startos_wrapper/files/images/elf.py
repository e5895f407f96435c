"""The header of an ELF program: the processor that it's for, and the loader that it needs. elf(5)"""

import struct
from dataclasses import dataclass

MAGIC = b"\x7fELF"
_INTERPRETER = 3  # PT_INTERP
# EM_* in elf.h, by StartOS's names of the processors. The other names are those that `file` prints.
_MACHINES = {62: "x86_64", 183: "aarch64", 40: "armv7", 3: "i386", 243: "RISC-V", 21: "PowerPC 64", 22: "S/390"}
# A 64-bit Linux kernel also runs the programs of the 32-bit processor.
_ALSO_RUNS = {"x86_64": {"i386"}, "aarch64": {"armv7"}}


@dataclass(frozen=True)
class Elf:
    """A program: the name of its processor, and the path of its dynamic loader, or None if it has or shows none."""

    machine: str
    loader: str | None

    def runs_on(self, processor: str) -> bool:
        """Return whether a StartOS server with this processor can run the program."""
        return self.machine == processor or self.machine in _ALSO_RUNS.get(processor, ())


def read_elf(head: bytes) -> Elf | None:
    """Read the first kilobyte of a program, or return None if it isn't an ELF file or is cut off."""
    if len(head) < 52 or not head.startswith(MAGIC) or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    order, wide = "<" if head[5] == 1 else ">", head[4] == 2
    (number,) = struct.unpack_from(f"{order}H", head, 18)
    return Elf(_MACHINES.get(number, f"ELF machine {number}"), _loader(head, order, wide))


def _loader(head: bytes, order: str, wide: bool) -> str | None:
    try:
        (table,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", head, 32 if wide else 28)
        size, count = struct.unpack_from(f"{order}HH", head, 54 if wide else 42)
        for at in range(table, table + size * min(count, 64), size or 1):
            kind = struct.unpack_from(f"{order}I", head, at)[0]
            if kind != _INTERPRETER:
                continue
            if wide:
                start, length = struct.unpack_from(f"{order}Q16xQ", head, at + 8)
            else:
                start, length = struct.unpack_from(f"{order}I8xI", head, at + 4)
            text = head[start : start + length]
            return text.rstrip(b"\0").decode("utf-8", "replace") if len(text) == length > 1 else None
    except (struct.error, OverflowError):
        # The table is behind the first kilobyte, or the file is damaged.
        pass
    return None
