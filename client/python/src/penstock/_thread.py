"""An event loop on a thread of its own, for those who have none."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from .errors import make_error

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for other threads."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._lock = threading.Lock()
        self._stopped = False
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Starts a coroutine; cancelling the future cancels it."""
        with self._lock:
            if self._stopped:
                work.close()
                raise make_error("closed", "the client was closed")
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine to its end; whoever interrupts the wait cancels it."""
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("called from a handler on the client's own loop, which cannot wait for itself; call it from another thread")
        future = self.submit(work)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise make_error("closed", "the client was closed") from None
        except BaseException:
            future.cancel()
            raise

    def call(self, function: Any) -> None:
        """Calls a function on the loop, soon."""
        with self._lock:
            if not self._stopped:
                self._loop.call_soon_threadsafe(function)

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Runs a last coroutine and ends the thread. What still runs is cancelled."""
        with self._lock:
            if self._stopped:
                last.close()
                return
            self._stopped = True
            done = asyncio.run_coroutine_threadsafe(last, self._loop)
        try:
            done.result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()
