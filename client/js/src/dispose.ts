/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Lets `using` and `await using` close a client. The names are looked up when
 * a client is made: not every platform has them.
 */
export function disposable(client: { close(): void }): void {
  const method = (value: () => unknown) => ({ value, configurable: true, writable: true });
  if (Symbol.dispose) Object.defineProperty(client, Symbol.dispose, method(() => client.close()));
  if (Symbol.asyncDispose) Object.defineProperty(client, Symbol.asyncDispose, method(async () => client.close()));
}
