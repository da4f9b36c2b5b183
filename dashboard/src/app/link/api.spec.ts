import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { expect, it } from 'vitest';
import { Api, FETCH, reason } from './api';

function api(answer: () => Response | Promise<Response>) {
  const asked: string[] = [];
  const stand: typeof fetch = async (path) => { asked.push(String(path)); return answer(); };
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection(), { provide: FETCH, useValue: stand }] });
  return { api: TestBed.inject(Api), asked };
}
const signal = new AbortController().signal;
const problem = (status: number, body: string, type: string) => new Response(body, { status, headers: { 'Content-Type': type } });

it('reads what is there', async () => {
  const rig = api(() => Response.json({ models: [{ name: 'digits' }] }));
  expect((await rig.api.models(signal)).models).toEqual([{ name: 'digits' }]);
  expect(rig.asked).toEqual(['api/models']);
});

it('a file is fetched like all else, and one that is refused is none', async () => {
  const rig = api(() => new Response('a,b'));
  expect(await (await rig.api.file('api/quality/export?format=csv', signal)).text()).toBe('a,b');
  TestBed.resetTestingModule();
  await expect(api(() => problem(403, '{"title":"Forbidden"}', 'application/problem+json')).api.file('api/x', signal)).rejects.toMatchObject({ message: 'api/x answered 403: Forbidden' });
});

it('an error is told in the words and with the code of its problem', async () => {
  const rig = api(() => problem(401, '{"title":"Unauthorized","status":401,"detail":"a token is needed","code":"unauthorized"}', 'application/problem+json'));
  await expect(rig.api.quality(signal)).rejects.toMatchObject({ message: 'api/quality answered 401: a token is needed', status: 401, code: 'unauthorized' });
});

it('what stands between us and the server answers in any form', async () => {
  for (const answer of [problem(502, '<h1>Bad gateway</h1>', 'text/html'), problem(502, 'cut', 'application/problem+json')]) {
    TestBed.resetTestingModule();
    await expect(api(() => answer).api.alerts(signal)).rejects.toMatchObject({ message: 'api/alerts answered 502', code: null });
  }
});

it('a server that is away is said to be', () => {
  expect(reason(new TypeError('Failed to fetch'))).toBe('the server does not answer');
});
