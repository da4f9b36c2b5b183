import { DashboardClient, PenstockError, PredictClient } from 'penstock-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connected, failure, fakeSockets, hello } from './fake.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each([
  ['PredictClient', PredictClient, hello, hello],
  ['DashboardClient', DashboardClient, { type: 'history', points: [] }, undefined],
] as const)('%s', (_, Client, greeting, value) => {
  function offline(options = {}) {
    const fake = fakeSockets();
    return { client: new Client('ws://server.test', { WebSocket: fake.WebSocket, ...options }), ...fake };
  }

  test('ready() waits for the greeting, over failed attempts', async () => {
    const { client, last } = offline();
    const ready = vi.fn();
    void client.ready().then(ready);
    last().end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    last().open();
    await vi.advanceTimersByTimeAsync(0);
    expect(ready).not.toHaveBeenCalled();
    last().say(greeting);
    await vi.advanceTimersByTimeAsync(0);
    expect(ready).toHaveBeenCalledExactlyOnceWith(value);
    await client.ready();
  });

  test('ready() rejects on a refusal, on close(), and by its signal', async () => {
    const { client, last } = offline();
    const refused = failure(client.ready());
    last().end(1008, 'auth_required');
    expect(await refused).toMatchObject({ code: 'disconnected', message: 'auth_required (1008)' });
    expect(await failure(client.ready())).toMatchObject({ code: 'disconnected' });
    client.reconnect();
    const taker = new AbortController();
    const taken = failure(client.ready({ signal: taker.signal }));
    taker.abort();
    expect(await taken).toMatchObject({ name: 'AbortError' });
    expect(await failure(client.ready({ signal: taker.signal }))).toMatchObject({ name: 'AbortError' });
    const closed = failure(client.ready());
    client.close();
    expect(await closed).toMatchObject({ code: 'closed' });
  });

  test('using closes it', () => {
    const { client, last } = offline();
    {
      using scope = client;
      last().open().say(greeting);
      expect(scope.status.value.status).toBe('connected');
    }
    expect(client.status.value.status).toBe('disconnected');
    expect(last().closedWith).toBe(1000);
  });

  test('await using closes it', async () => {
    const { client } = offline();
    {
      await using scope = client;
      void scope;
    }
    expect(client.status.value.status).toBe('disconnected');
  });
});

test('an error tells its cause', async () => {
  expect(new PenstockError('internal', 'a fault')).not.toHaveProperty('cause');
  const refusal = new Error('mixed content');
  class Refusing {
    constructor() {
      throw refusal;
    }
  }
  const refused = new PredictClient('ws://server.test', { WebSocket: Refusing as never });
  expect((await failure(refused.predict([1, 2])))['cause']).toBe(refusal);

  const signedOut = new Error('the identity provider is away');
  const { WebSocket } = fakeSockets();
  const away = new PredictClient('ws://server.test', { WebSocket, maxAttempts: 1, token: () => Promise.reject(signedOut) });
  expect((await failure(away.ready()))['cause']).toBe(signedOut);

  const { client, last } = connected();
  last().end(1008);
  expect(await failure(client.ready())).not.toHaveProperty('cause'); // of another connection
});
