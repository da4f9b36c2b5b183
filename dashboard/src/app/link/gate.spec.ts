import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, expect, it, vi } from 'vitest';
import { Store } from '../store/store';
import { Api, FETCH } from './api';
import type { Me, StatusInfo } from './client';
import { Credentials, FIRST_TOKEN } from './credentials';
import { Gate, RESTART } from './gate';

let gate: Gate | undefined;
afterEach(() => gate?.stop());

const ann: Me = { authentication: 'token', user: 'ann', scopes: ['predict'], groups: [], expires: null };
const status = (s: StatusInfo['status']): StatusInfo => ({ status: s, attempt: 0, nextAttemptAt: null, reason: null });

/** A server that knows some tokens. */
async function begin(known: Record<string, Me>, first: string | null = null, away = false) {
  const server = { away, asked: [] as (string | null)[] };
  const stand: typeof fetch = async (path, init) => {
    expect(String(path)).not.toContain('tok');
    const token = new Headers(init?.headers).get('Authorization')?.replace('Bearer ', '') ?? null;
    server.asked.push(token);
    if (server.away) throw new TypeError('Failed to fetch');
    const me = known[token ?? ''];
    return me ? Response.json(me) : new Response('{"code":"unauthorized"}', { status: 401, headers: { 'Content-Type': 'application/problem+json' } });
  };
  const restart = vi.fn();
  TestBed.configureTestingModule({
    providers: [provideZonelessChangeDetection(), { provide: FETCH, useValue: stand }, { provide: FIRST_TOKEN, useValue: first }, { provide: RESTART, useValue: restart }],
  });
  const made = (gate = TestBed.inject(Gate));
  const { access, shell } = TestBed.inject(Store);
  const settle = async () => { TestBed.tick(); await new Promise((done) => setTimeout(done)); };
  TestBed.runInInjectionContext(() => made.start());
  await settle();
  return { gate: made, access, shell, server, restart, settle, credentials: TestBed.inject(Credentials), api: TestBed.inject(Api) };
}

it('lets everybody in where nobody signs in', async () => {
  const { access, credentials } = await begin({ '': { ...ann, authentication: 'none', user: 'anonymous' } });
  expect([access.session(), access.asks(), access.signedIn(), credentials.show()]).toEqual([1, false, false, null]);
});

it('asks for a token where one is needed, says what is wrong with one, and takes a good one', async () => {
  const { gate: it, access, credentials, server } = await begin({ tok: ann });
  expect([access.asks(), access.why()]).toEqual([true, 'This server asks who you are.']);
  expect(await it.enter('two words')).toBe(false);
  expect(access.why()).toContain('no token');
  expect(await it.enter('bad-tok')).toBe(false);
  expect(access.why()).toContain('did not accept');
  server.away = true;
  expect(await it.enter('tok')).toBe(false);
  expect(access.why()).toBe('Nobody could be asked: the server does not answer.');
  server.away = false;
  expect(await it.enter('  Bearer tok\n')).toBe(true);
  expect(server.asked).toEqual([null, 'bad-tok', 'tok', 'tok']);
  expect([access.session(), access.signedIn(), access.me()?.user, credentials.show()]).toEqual([1, true, 'ann', 'tok']);
});

it('begins with the token of the address, or says that it is no good', async () => {
  expect((await begin({ tok: ann }, 'tok')).access.me()?.user).toBe('ann');
  TestBed.resetTestingModule();
  const { access, credentials } = await begin({}, 'old-tok');
  expect([access.asks(), access.why()?.includes('did not accept'), credentials.show()]).toEqual([true, true, null]);
});

it('goes on without an answer from a server that is away, and learns who it is later', async () => {
  const { access, shell, server, settle } = await begin({ tok: ann }, 'tok', true);
  expect([access.session(), access.me()]).toEqual([1, null]);
  server.away = false;
  shell.setStatus(status('connected'));
  await settle();
  expect([access.session(), access.me()?.user]).toEqual([1, 'ann']);
});

it('a token that is refused later leads back to the question; answers of before do not', async () => {
  const known: Record<string, Me> = { tok: ann, new: ann };
  const { gate: it, access, api } = await begin(known, 'tok');
  const { signal } = new AbortController();
  delete known['tok'];
  await expect(api.models(signal)).rejects.toMatchObject({ status: 401 });
  expect([access.asks(), access.session()]).toEqual([true, 0]);
  await it.enter('new');
  delete known['new'];
  const late = api.models(signal).catch(() => undefined);
  access.enter(ann); // another token, meanwhile
  await late;
  expect(access.asks()).toBe(false);
});

it('nothing of one user is left for another, nor after signing out', async () => {
  const { gate: it, access, restart, credentials } = await begin({ tok: ann, 'bob-tok': { ...ann, user: 'bob' } }, 'tok');
  access.lose('ended');
  await it.enter('bob-tok');
  expect(restart).toHaveBeenCalledExactlyOnceWith('bob-tok');
  it.leave();
  expect(restart).toHaveBeenLastCalledWith(null);
  expect(credentials.show()).toBeNull();
});
