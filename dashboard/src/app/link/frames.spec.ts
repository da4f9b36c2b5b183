import { afterEach, expect, it, vi } from 'vitest';
import { Frames } from './frames';

afterEach(() => { vi.unstubAllGlobals(); });

it('runs the newest job of each key once in a frame, and nothing while the tab is hidden', () => {
  const asked: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => asked.push(run));
  const frames = new Frames();
  const ran: string[] = [];
  for (let i = 0; i < 1000; i++) frames.next('a', () => ran.push(`a${i}`)); // hidden: no frame comes
  frames.next('b', () => ran.push('b'));
  frames.next('c', () => ran.push('c'));
  frames.drop('c');
  expect(ran).toEqual([]);
  expect(asked.length).toBe(1);
  asked.shift()!();
  expect(ran).toEqual(['a999', 'b']);
  frames.next('a', () => ran.push('again'));
  expect(asked.length).toBe(1);
});
