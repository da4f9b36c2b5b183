import { inspect } from 'node:util';
import { DashboardClient, PredictClient, type PredictOptions, type StatusInfo } from 'penstock-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, fakeSockets, hello, prediction } from './fake.js';

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));
afterEach(() => void vi.useRealTimers());

const soon = () => vi.advanceTimersByTimeAsync(0);
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const authOk = (more = {}) => ({ type: 'auth_ok', user: 'ann', scopes: ['predict'], groups: ['ops'], expires: null, ...more });
const refusal = (code: string, message = 'no') => ({ type: 'error', request_id: null, code, message, retryable: false });

/** A client that has shown a token, and a server that has said nothing yet. */
async function opened(options: PredictOptions = {}) {
  const fake = fakeSockets();
  const client = new PredictClient('ws://server.test', { WebSocket: fake.WebSocket, token: () => 'one', random: () => 0.999, ...options });
  await soon();
  fake.last().open();
  const welcome = (more = {}) => fake.last().say(authOk(more));
  return { client, welcome, greet: () => fake.last().say(hello), ...fake };
}

/** The same, let in with a token that ends after so long. */
async function admitted(endsInMs: number, options: PredictOptions = {}) {
  const rig = await opened(options);
  rig.welcome({ expires: inMs(endsInMs) });
  rig.greet();
  return rig;
}

describe('showing a token', () => {
  test('it is the first message of each connection, fresh for each, and in no address', async () => {
    let n = 0;
    const { sockets, last, welcome, greet } = await opened({ token: async () => `täg${n++}` });
    welcome();
    greet();
    last().end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    last().open();
    expect(sockets.map((s) => s.texts)).toEqual([[{ type: 'auth', token: 'täg0' }], [{ type: 'auth', token: 'täg1' }]]);
    for (const { url, protocols } of sockets) expect(decodeURIComponent(`${url} ${protocols.join()}`)).not.toMatch(/täg|bearer/);
    expect(sockets[0]?.protocols).toEqual(['penstock.v1']);
  });

  test('a token that is there is shown without delay, and none where there is none', () => {
    const { WebSocket, last } = fakeSockets();
    new PredictClient('ws://server.test', { WebSocket, token: 'fixed' });
    expect(last().open().texts).toEqual([{ type: 'auth', token: 'fixed' }]);
    new PredictClient('ws://server.test', { WebSocket });
    expect(last().open().texts).toEqual([]);
  });

  test.each([
    ['the greeting after it', ['welcome', 'greet']],
    ['the greeting before it, as of a server without authentication', ['greet', 'welcome']],
  ] as const)('a client is connected when its token was taken, with %s', async (_, order) => {
    const rig = await opened();
    const { client, last } = rig;
    const asked = client.predict([1, 2]);
    rig[order[0]]();
    expect(client.status.value.status).toBe('reconnecting');
    expect(last().sent).toHaveLength(1);
    rig[order[1]]();
    expect(client.status.value.status).toBe('connected');
    expect(last().last).toMatchObject({ type: 'predict', request_id: 1 });
    last().say(prediction(1));
    expect(await asked).toMatchObject({ label: 'one' });
    expect(client.identity.value).toEqual({ user: 'ann', scopes: ['predict'], groups: ['ops'], expires: null });
  });

  test('a dashboard sends its subscription at once, and its notes when the token was taken', async () => {
    const { WebSocket, last } = fakeSockets();
    const client = new DashboardClient('ws://server.test', { WebSocket, token: 'fixed', subscription: { metrics: ['seq'] } });
    client.note('hello');
    expect(last().open().texts.map((t) => t['type'])).toEqual(['auth', 'subscribe']);
    last().say(authOk());
    expect(client.status.value.status).toBe('reconnecting'); // every connection begins with history
    last().say({ type: 'history', points: [] });
    expect(client.status.value.status).toBe('connected');
    expect(last().last).toEqual({ type: 'note', text: 'hello' });
  });

  test('a server that never says yes is a failed attempt', async () => {
    const { client, greet, sockets } = await opened({ random: () => 0 });
    greet();
    await vi.advanceTimersByTimeAsync(10_001);
    expect(client.status.value.attempt).toBe(2);
    expect(sockets).toHaveLength(2);
  });

  test('an older server tells the user alone', async () => {
    const { client, last } = await opened();
    last().say({ type: 'auth_ok', user: 'anonymous' });
    expect(client.identity.value).toEqual({ user: 'anonymous', scopes: [], groups: [], expires: null });
  });
});

describe('fetching a token', () => {
  test('that fails is a failed attempt', async () => {
    const { WebSocket, sockets } = fakeSockets();
    const token = vi.fn().mockRejectedValueOnce(new Error('the provider is away')).mockResolvedValue('good');
    const client = new PredictClient('ws://server.test', { WebSocket, token });
    await soon();
    expect(client.status.value.reason).toContain('the provider is away');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(1);
  });

  test.each([{ code: 'unauthorized' }, { code: 'forbidden' }, { status: 401 }, { status: 403 }])(
    'that is refused with %o ends it, until reconnect()',
    async (told) => {
      const { WebSocket, sockets } = fakeSockets();
      const signedOut = Object.assign(new Error('signed out'), told);
      const token = vi.fn().mockRejectedValueOnce(signedOut).mockResolvedValue('good');
      const client = new PredictClient('ws://server.test', { WebSocket, token });
      const error = await failure(client.predict([1, 2]));
      expect(error).toMatchObject({ code: 'disconnected', retryable: false, closeCode: null });
      expect(error['cause']).toBe(signedOut);
      expect(client.status.value).toMatchObject({ status: 'disconnected', closeCode: null });
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(token).toHaveBeenCalledTimes(1);
      client.reconnect();
      await soon();
      expect(sockets).toHaveLength(1);
    },
  );

  test.each([[undefined], [''], [7], [{ token: 'a' }]])('that gives %o says what was expected', async (got) => {
    const { WebSocket, sockets } = fakeSockets();
    const client = new PredictClient('ws://server.test', { WebSocket, token: () => got as string });
    await soon();
    expect(client.status.value.reason).toMatch(/the option token gave (undefined|an empty string|number|object); expected a token/);
    expect(sockets).toHaveLength(0);
  });

  test('an option that is no token is refused at once', () => {
    const { WebSocket } = fakeSockets();
    for (const token of ['', 7, null]) {
      expect(() => new PredictClient('ws://server.test', { WebSocket, token: token as string })).toThrow(/option token is (an empty string|number|object); expected/);
    }
  });
});

describe('renewing a token', () => {
  test('happens when the server says that it expires, and once for one end', async () => {
    const token = vi.fn(() => `t${token.mock.calls.length}`);
    const { last, welcome, client } = await admitted(3_600_000, { token });
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon', expires: inMs(60_000) });
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon', expires: inMs(60_000) });
    await soon();
    expect(last().texts).toEqual([{ type: 'auth', token: 't1' }, { type: 'auth', token: 't2' }]);
    expect(client.notice.value).toMatchObject({ code: 'token_expiring', expires: inMs(60_000) });
    welcome({ expires: inMs(7_200_000) });
    expect(client.identity.value?.expires).toBe(inMs(7_200_000));
    expect(client.status.value).toMatchObject({ status: 'connected', renewal: null });
  });

  test.each([
    [3_600_000, 3_555_000],
    [60_000, 45_000],
    [2_000, 1_500],
  ])('happens by itself before the end, of one that lasts %i ms after %i', async (lasts, after) => {
    const { last } = await admitted(lasts, { pingIntervalMs: Infinity });
    await vi.advanceTimersByTimeAsync(after - 1);
    expect(last().sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(last().last).toEqual({ type: 'auth', token: 'one' });
  });

  test.each([['a clock that goes wrong', -3_600_000], ['nonsense', NaN]])('is left to the notice with %s', async (_, ms) => {
    const { welcome, greet, last } = await opened({ pingIntervalMs: Infinity });
    welcome({ expires: Number.isNaN(ms) ? 'tomorrow' : inMs(ms) });
    greet();
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(last().sent).toHaveLength(1);
  });

  test('a token that is a string cannot be renewed, and nothing is sent', async () => {
    const { last } = await admitted(60_000, { token: 'fixed' });
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon' });
    await soon();
    expect(last().sent).toHaveLength(1);
  });

  test('that fails is tried again at growing pauses, and shown, until the connection ends', async () => {
    const token = vi.fn().mockResolvedValueOnce('one').mockRejectedValue(new Error('the provider is away'));
    const { client, last } = await admitted(60_000, { token, pingIntervalMs: Infinity });
    const told: (string | null | undefined)[] = [];
    client.status.subscribe(({ status, renewal }) => status === 'connected' && told.push(renewal));
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon' });
    const at: number[] = [];
    const begin = Date.now();
    for (let known = 1; at.length < 5; await vi.advanceTimersByTimeAsync(1)) {
      if (token.mock.calls.length > known) at.push(Date.now() - begin), (known = token.mock.calls.length);
    }
    expect(at.map((ms) => Math.round(ms / 1_000))).toEqual([0, 1, 3, 7, 15]);
    expect(told).toEqual([null, 'no new token: Error: the provider is away']);
    last().end(1008, 'token_expired');
    const calls = token.mock.calls.length;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(token).toHaveBeenCalledTimes(calls);
    expect(client.status.value).toMatchObject({ status: 'disconnected', closeReason: 'token_expired', renewal: null });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('and succeeds later clears what was shown', async () => {
    const token = vi.fn().mockResolvedValueOnce('one').mockRejectedValueOnce(new Error('away')).mockResolvedValue('two');
    const { client, last, welcome } = await admitted(60_000, { token });
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon' });
    await soon();
    expect(client.status.value.renewal).toContain('away');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().last).toEqual({ type: 'auth', token: 'two' });
    welcome({ expires: inMs(3_600_000) });
    expect(client.status.value.renewal).toBeNull();
  });

  test('is not tried again when nobody is signed in', async () => {
    const token = vi.fn().mockResolvedValueOnce('one').mockRejectedValue(Object.assign(new Error('signed out'), { status: 401 }));
    const { client, last } = await admitted(600_000, { token, pingIntervalMs: Infinity });
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(token).toHaveBeenCalledTimes(2);
    expect(client.status.value).toMatchObject({ status: 'connected', renewal: 'no new token: Error: signed out' });
  });

  test.each(['unauthorized', 'forbidden'])('that the server refuses as %s is shown, and the connection stands', async (code) => {
    const { client, last } = await admitted(60_000);
    const asked = client.predict([1, 2], { requestId: 9 });
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon' });
    await soon();
    last().say(refusal(code, 'of another user'));
    expect(client.status.value).toMatchObject({ status: 'connected', renewal: `the new token was refused: of another user (${code})` });
    last().say(prediction(9));
    expect(await asked).toMatchObject({ label: 'one' });
  });

  test('a token that comes too late is not shown on another connection', async () => {
    let give: (token: string) => void = () => undefined;
    const token = vi.fn().mockReturnValueOnce('one').mockReturnValueOnce(new Promise((resolve) => (give = resolve))).mockReturnValue('three');
    const { last } = await admitted(60_000, { token });
    last().say({ type: 'notice', code: 'token_expiring', message: 'soon' });
    last().end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    last().open();
    give('two');
    await soon();
    expect(last().texts).toEqual([{ type: 'auth', token: 'three' }]);
  });
});

describe('a server that says 1008', () => {
  test.each(['auth_required', 'unauthorized', 'token_expired', 'revoked', 'forbidden'])('%s ends it for good, with a typed error', async (reason) => {
    const { client, last, sockets } = await admitted(60_000);
    const told: StatusInfo[] = [];
    client.status.subscribe((s) => told.push(s));
    const waiting = [client.predict([1, 2]), client.feedback(99, 'one'), client.join('ops')].map(failure);
    last().end(1008, reason);
    for (const error of await Promise.all([...waiting, failure(client.predict([3, 4])), failure(client.ready()), failure(client.join('ops'))])) {
      expect(error).toMatchObject({ name: 'PenstockError', code: 'disconnected', closeCode: 1008, reason, retryable: false });
    }
    expect(told.at(-1)).toMatchObject({ status: 'disconnected', closeCode: 1008, closeReason: reason });
    expect(client.identity.value).toBeNull();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(sockets).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('to the token itself, before it has let anybody in', async () => {
    const { client, last, sockets } = await opened();
    const waiting = failure(client.predict([1, 2]));
    last().end(1008, 'unauthorized');
    expect(await waiting).toMatchObject({ closeCode: 1008, reason: 'unauthorized', message: 'unauthorized (1008)' });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(sockets).toHaveLength(1);
  });

  test('a quota is an error that says when to ask again', async () => {
    const { client, last } = await admitted(60_000);
    const asked = failure(client.predict([1, 2]));
    last().say({ type: 'error', request_id: 1, code: 'rate_limited', message: 'more rows than allowed', retryable: true, retry_after_ms: 120 });
    expect(await asked).toMatchObject({ code: 'rate_limited', retryable: true, retryAfterMs: 120 });
    expect(client.status.value.status).toBe('connected');
  });
});

test('a token is in no error, status, log or text of a client', async () => {
  const canary = 'canary-8f3a1c';
  const seen: unknown[] = [];
  const logs = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name));
  const fake = fakeSockets();
  const options = { WebSocket: fake.WebSocket, token: async () => canary, session: 'a-session-of-the-test' };
  const clients = [new PredictClient('ws://server.test', options), new DashboardClient('ws://server.test', options)];
  await soon();
  for (const client of clients) {
    client.status.subscribe((s) => seen.push(s));
    client.identity.subscribe((i) => seen.push(i));
  }
  const waiting = (clients[0] as PredictClient).predict([1, 2]).catch((error: unknown) => seen.push(error));
  for (const socket of fake.sockets) {
    socket.open().say(authOk({ expires: inMs(60_000) }));
    socket.say(hello);
    socket.say({ type: 'notice', code: 'token_expiring', message: 'soon' });
    await soon();
    expect(socket.last).toEqual({ type: 'auth', token: canary });
    socket.say(refusal('unauthorized'));
    socket.say('no JSON');
  }
  await vi.advanceTimersByTimeAsync(2_000);
  for (const socket of fake.sockets.slice(2)) socket.open().end(1008, 'unauthorized');
  for (const client of clients) {
    seen.push(client, await failure(client.ready()), client.status.value);
    expect(JSON.stringify(client)).not.toContain(canary);
  }
  await waiting;
  expect(() => new PredictClient(`ftp://server.test/?token=${canary}`, options)).toThrow(/server.test/);
  try {
    new PredictClient(`ftp://server.test/?token=${canary}`, options);
  } catch (error) {
    seen.push(error);
  }
  const text = inspect(seen, { depth: 20, showHidden: true }) + JSON.stringify(seen) + seen.map(String).join();
  expect(text).not.toContain(canary);
  for (const log of logs) expect(log).not.toHaveBeenCalled();
  for (const socket of fake.sockets) expect(socket.url).not.toContain(canary);
  vi.restoreAllMocks();
});
