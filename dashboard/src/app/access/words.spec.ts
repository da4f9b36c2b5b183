import { expect, it } from 'vitest';
import { rights } from './rights';
import { lacks, mustSignIn, notAToken, refusal } from './words';

it('tells scopes in words, those for one model with its name, and those of a newer server as they are', () => {
  expect(rights(['predict:digits', 'dashboard', 'predict:price', 'tune', 'notes'])).toEqual([
    'ask digits, price', 'see the dashboard', 'leave notes, accept baselines and freeze calibrations', 'tune',
  ]);
  expect(rights(['predict', 'predict:digits'])).toEqual(['ask the models']);
  expect(lacks('feedback', 'digits')).toBe('Your token does not allow you to send labels for digits: it lacks the scope feedback or feedback:digits.');
});

it('has words for every way to be refused, and knows when only a token helps', () => {
  const ended = (closeReason: string, closeCode = 1008) => ({ closeCode, closeReason });
  for (const reason of ['auth_required', 'unauthorized', 'token_expired', 'revoked']) {
    expect(refusal(ended(reason))).toMatch(/^[A-Z][^_]+\.$/);
    expect(mustSignIn(ended(reason))).toBe(refusal(ended(reason)));
  }
  for (const reason of ['forbidden', 'slow_consumer', 'too_many_errors']) {
    expect(refusal(ended(reason))).toMatch(/^[A-Z][^_]+\.$/);
    expect(mustSignIn(ended(reason))).toBeNull();
  }
  expect(refusal(ended('of a newer server'))).toBe('The server refused the connection: of a newer server.');
  expect(refusal(ended('', 1013))).toContain('as many connections');
  expect([refusal(ended('bye', 1001)), refusal({ closeCode: null }), mustSignIn(ended('revoked', 1013))]).toEqual([null, null, null]);
});

it('says what is no token before it is sent', () => {
  expect(notAToken('')).toContain('first');
  for (const text of ['two words', 'täg', 'a\nb']) expect(notAToken(text)).toContain('no token');
  expect(notAToken('a'.repeat(4001))).toContain('4001');
  expect(notAToken('eyJ.a-b_c.d')).toBeNull();
});
