"""Streams images to Penstock with the stock "websockets" library of Python.

    python3 websockets_client.py ws://HOST/ws/predict IMAGES LABELS

IMAGES and LABELS are files in MNIST's IDX format. Up to 64 requests are in
flight. Prints one line of JSON; ends with 1 when a reply is not what it must be.
"""
import asyncio
import json
import re
import struct
import sys
import time

import websockets

IN_FLIGHT = 64
REQUEST_ID = re.compile(r'"request_id":\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|null)')
# How clients write ids; each must come back with the same characters.
HABITS = ["1732212000123", '"007"', "7", '"7"', "1.50", "12345678901234567890", '"gr\u00fcn"', None]
PIXELS = [json.dumps(p / 255) for p in range(256)]


def read_idx(path, magic, header):
    with open(path, "rb") as f:
        fields = struct.unpack(f">{header}I", f.read(4 * header))
        assert fields[0] == magic, f"{path}: not an IDX file of this kind"
        return fields[1], f.read()


def request(image, raw_id):
    fields = ['"features":[' + ",".join(map(PIXELS.__getitem__, image)) + "]"]
    if raw_id is not None:
        fields.append('"request_id":' + raw_id)
    return "{" + ",".join(fields) + "}"


def id_of(i):
    """Numbers and strings in turn: 1732212000000, "001", 1732212000002, …"""
    return json.dumps(1732212000000 + i if i % 2 == 0 else f"{i:03d}")


def returned_id(text):
    found = REQUEST_ID.search(text)
    return found and found.group(1)


def expect(what, got, want):
    if got != want:
        raise SystemExit(f"{what}: got {got!r}, expected {want!r}")


async def habits(ws, image):
    await ws.send("ping")
    expect("text ping", await ws.recv(), "pong")
    await ws.send('{"type":"ping"}')
    expect("JSON ping", json.loads(await ws.recv()).get("type"), "pong")
    for raw_id in HABITS:
        await ws.send(request(image, raw_id))
        reply = await ws.recv()
        expect("type", json.loads(reply)["type"], "prediction")
        expect("request_id", returned_id(reply), raw_id or "null")


async def stream(ws, images, labels, count):
    size = len(images) // count
    room = asyncio.Semaphore(IN_FLIGHT)
    expected = {}  # raw id → label

    async def send():
        for i in range(count):
            await room.acquire()
            raw_id = id_of(i)
            expected[raw_id] = labels[i]
            await ws.send(request(images[i * size:(i + 1) * size], raw_id))

    sender = asyncio.create_task(send())
    correct, ids_ok = 0, True
    for _ in range(count):
        reply = await ws.recv()
        room.release()
        message = json.loads(reply)
        expect("reply to a row", message["type"], "prediction")
        label = expected.pop(returned_id(reply), None)
        ids_ok = ids_ok and label is not None
        correct += message["prediction"] == str(label)
    await sender
    return correct, ids_ok and not expected


async def main(url, images_path, labels_path):
    count, images = read_idx(images_path, 0x803, 4)
    same_count, labels = read_idx(labels_path, 0x801, 2)
    expect("labels", same_count, count)
    async with websockets.connect(url) as ws:
        await habits(ws, images[:len(images) // count])
        start = time.monotonic()
        correct, ids_ok = await stream(ws, images, labels, count)
        took = time.monotonic() - start
    print(json.dumps({"client": f"python websockets {websockets.version.version}", "images": count,
                      "correct": correct, "ids_ok": ids_ok, "per_second": round(count / took)}))
    return 0 if ids_ok else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
