import { afterEach, expect, it, vi } from 'vitest';
import { takeToken, watchToken } from './fragment';

afterEach(() => { history.replaceState(null, '', '#'); });

it('takes a token out of the address, and leaves the rest of it', () => {
  const take = (hash: string) => {
    history.replaceState(null, '', hash);
    return [takeToken(), location.hash];
  };
  expect(take('#token=eyJ.a-b.c')).toEqual(['eyJ.a-b.c', '']);
  expect(take('#/quality?model=a%26b&token=a+b')).toEqual(['a+b', '#/quality?model=a%26b']);
  expect(take('#/try?token=x')).toEqual(['x', '#/try']);
  expect(take('#token=')).toEqual([null, '']);
  expect(take('#/live?minutes=10')).toEqual([null, '#/live?minutes=10']);
});

it('does so before others hear of an address that is opened later', async () => {
  const heard: string[] = [];
  const taken = vi.fn();
  watchToken(taken);
  const other = () => heard.push(location.hash);
  addEventListener('hashchange', other);
  location.hash = '#token=secret';
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0));
  removeEventListener('hashchange', other);
  expect(taken).toHaveBeenCalledExactlyOnceWith('secret');
  expect(heard.join()).not.toContain('secret');
});
