/**
 * Calls `fn` when there is reason to believe that the network changed: the
 * browser came online or went offline, or the page is seen again. Elsewhere it
 * does nothing. Returns how to stop.
 */
export function onWake(fn: () => void): () => void {
  const stop: (() => void)[] = [];
  const listen = (target: Partial<EventTarget> | undefined, event: string, handler: () => void) => {
    if (!target?.addEventListener) return;
    target.addEventListener(event, handler);
    stop.push(() => target.removeEventListener?.(event, handler));
  };
  listen(globalThis, 'online', fn);
  listen(globalThis, 'offline', fn);
  listen(globalThis.document, 'visibilitychange', () => {
    if (globalThis.document.visibilityState === 'visible') fn();
  });
  return () => stop.forEach((f) => f());
}
