import type { Action } from './access.state';

export const MAY: Record<Action, string> = {
  predict: 'ask the models',
  feedback: 'send labels',
  dashboard: 'see the dashboard',
  notes: 'leave notes, accept baselines and freeze calibrations',
  admin: 'administer the server',
};

export const MAY_WITH: Record<Action, string> = {
  predict: 'ask',
  feedback: 'send labels for',
  dashboard: 'see the dashboard of',
  notes: 'accept baselines and freeze the calibration of',
  admin: 'administer',
};

/** Why something is not offered. */
export function lacks(action: Action, model?: string | null): string {
  return `Your token does not allow you to ${model ? `${MAY_WITH[action]} ${model}` : MAY[action]}: it lacks the scope ${action}${model ? ` or ${action}:${model}` : ''}.`;
}

/** What servers say when they close a connection for good, in words. */
const REASONS: Readonly<Record<string, string>> = {
  auth_required: 'This server asks who you are.',
  unauthorized: 'The server did not accept the token: it is not one of its own, is damaged, or has ended.',
  token_expired: 'Your token has ended.',
  revoked: 'Your token was revoked by whoever runs this server.',
  forbidden: 'Your token does not allow this.',
  slow_consumer: 'The server gave up on this page, which took nothing of what it was sent.',
  too_many_errors: 'The server closed the connection after too many errors.',
};

/** The reasons after which only another token helps. */
const SIGN_IN = ['auth_required', 'unauthorized', 'token_expired', 'revoked'];

interface Ended {
  closeCode?: number | null;
  closeReason?: string | null;
}

/** Why a connection ended, where that is worth telling. */
export function refusal({ closeCode, closeReason }: Ended): string | null {
  if (closeCode === 1013) return 'The server has as many connections as it takes, from you or from all.';
  if (closeCode !== 1008) return null;
  return REASONS[closeReason ?? ''] ?? `The server refused the connection${closeReason ? `: ${closeReason}` : ''}.`;
}

/** Why a token is needed now; null where another would not help. */
export function mustSignIn(ended: Ended): string | null {
  return ended.closeCode === 1008 && SIGN_IN.includes(ended.closeReason ?? '') ? refusal(ended) : null;
}

/** What is wrong with a text as a token, before it is sent anywhere; null where nothing is. */
export function notAToken(text: string): string | null {
  if (text === '') return 'Paste a token first.';
  if (!/^[\x21-\x7e]+$/.test(text)) return 'This is no token: one has no spaces and no letters beyond ASCII.';
  if (text.length > 4000) return `This has ${text.length} characters, and the server takes tokens of 4000 at most.`;
  return null;
}
