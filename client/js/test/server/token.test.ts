import { DashboardClient, PredictClient, type PredictOptions } from 'penstock-client';
import { afterEach, expect, test } from 'vitest';
import { failure } from '../fake.js';
import { digits, serve, until } from './server.js';

const server = await serve(['--auth', 'token', '--jwt-secret-file', 'secret'], (s) => s.write('secret', 'of-the-tests-'.repeat(4)));
const clients: { close(): void }[] = [];
afterEach(() => clients.splice(0).forEach((c) => c.close()));

const [digit] = digits();
const mint = (...flags: string[]) => server.token('--user', 'ann', ...flags);
function dial(token: PredictOptions['token']): PredictClient {
  const client = new PredictClient(server.url, { token });
  clients.push(client);
  return client;
}

test('a token lets one in, and says what one may do', async () => {
  const client = dial(mint('--scope', 'predict', '--group', 'ops'));
  expect(await client.predict(digit!.floats)).toMatchObject({ label: digit!.label });
  expect(client.identity.value).toMatchObject({ user: 'ann', scopes: ['predict'], groups: ['ops'] });
  expect(Date.parse(client.identity.value?.expires ?? '')).toBeGreaterThan(Date.now());
  expect(await failure(client.feedback(1, digit!.label))).toMatchObject({ code: 'forbidden', retryable: false });
});

test('the dashboard takes it too', async () => {
  const client = new DashboardClient(server.url, { token: mint('--scope', 'dashboard') });
  clients.push(client);
  for await (const frame of client.frames()) {
    expect(frame.type).toBe('history');
    break;
  }
  expect(client.identity.value).toMatchObject({ user: 'ann', scopes: ['dashboard'] });
});

test('a bad token ends it with the reason', async () => {
  const client = dial('not-a-token');
  expect(await failure(client.predict(digit!.floats))).toMatchObject({ code: 'disconnected', closeCode: 1008, reason: 'unauthorized' });
});

test('a right that is missing does so too', async () => {
  const client = new DashboardClient(server.url, { token: mint('--scope', 'predict') });
  clients.push(client);
  expect(await failure(client.ready())).toMatchObject({ closeCode: 1008, reason: 'forbidden' });
});

test('a token that ends is renewed on the same connection', async () => {
  let minted = 0;
  const client = dial(() => (minted++, mint('--scope', 'predict', '--expires', '4s')));
  await client.ready();
  const first = client.identity.value;
  await until(client.identity, (now) => now?.expires !== first?.expires);
  expect(minted).toBeGreaterThan(1);
  expect(client.status.value).toMatchObject({ status: 'connected', reason: null, renewal: null });
  expect(await client.predict(digit!.floats)).toMatchObject({ label: digit!.label });
});

test('and one that is not ends it', async () => {
  const client = dial(mint('--scope', 'predict', '--expires', '2s'));
  await client.ready();
  await until(client.status, (s) => s.status === 'disconnected');
  expect(client.status.value).toMatchObject({ closeCode: 1008, closeReason: 'token_expired' });
});
