"""The other end of package child, for its tests: scores are a row's sum. A first
number of -1 fails, -2 dies, -3 hangs, -4 takes memory, -5 prints much, -6 shortens
the memory that is shared, -7 fails with more text than there is room, -8 dies and
leaves a process behind that keeps all descriptors for a while."""
import ctypes
import json
import mmap
import os
import socket
import struct
import sys
import threading
import time

control = socket.socket(fileno=4).makefile("rw")
told = json.loads(control.readline())
if told["config"].get("fail"):
    print(json.dumps({"failed": told["config"]["fail"]}), file=control, flush=True)
    sys.exit(1)
if told["config"].get("die"):
    print("about to die", flush=True)
    os._exit(3)
if told["config"].get("sleep"):
    time.sleep(60)
size, features, width = told["lane_bytes"], told["features"], told["width"]
memory = mmap.mmap(3, told["lanes"] * size)
libc = ctypes.CDLL(None)
FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]
kept = []


def serve(lane):
    base = lane * size
    word = memoryview(memory)[base : base + 256].cast("I")
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory, base))
    output = (4096 + told["max_rows"] * features * 4 + 63) // 64 * 64
    done = word[16]
    while True:
        while word[0] == done:
            word[2] = 1
            libc.syscall(FUTEX, ctypes.c_void_p(address), 0, done, None, None, 0)
            word[2] = 0
        done = word[0]
        rows = word[32]
        values = struct.unpack_from(f"<{rows * features}f", memory, base + 4096)
        word[48] = 0
        if values[0] == -1:
            text = b"this row is wrong"
            memory[base + 256 : base + 256 + len(text)] = text
            word[48], word[49] = 1, len(text)
        elif values[0] == -2:
            os._exit(4)
        elif values[0] == -3:
            time.sleep(60)
        elif values[0] == -4:
            kept.append(bytearray(b"x") * (1 << 28))
            time.sleep(60)
        elif values[0] == -5:
            for n in range(10000):
                print("line", n, "x" * 3000)
        elif values[0] == -6:
            try:
                os.ftruncate(3, 0)
            except OSError as error:
                print("not shortened:", error, flush=True)
        elif values[0] == -7:
            text = b"\xff" * (4096 - 256)
            memory[base + 256 : base + 4096] = text
            word[48], word[49] = 1, 0xFFFFFFFF
        elif values[0] == -8:
            if os.fork() == 0:
                os.setsid()
                time.sleep(2)
                os._exit(0)
            os._exit(4)
        sums = [sum(values[i * features : (i + 1) * features]) for i in range(rows)]
        struct.pack_into(f"<{rows * width}f", memory, base + output, *[s + i for s in sums for i in range(width)])
        word[16] = done
        if word[18]:
            libc.syscall(FUTEX, ctypes.c_void_p(address + 64), 1, 1, None, None, 0)


for lane in range(told["lanes"]):
    threading.Thread(target=serve, args=(lane,), daemon=True).start()
print(json.dumps({"ready": {"pid": os.getpid()}}), file=control, flush=True)
control.readline()
os._exit(0)
