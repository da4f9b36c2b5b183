/** Takes the token out of the page's address, #token=… or #/live?token=…, and out of the browser's history with it. */
export function takeToken(): string | null {
  const { hash, pathname, search } = location;
  const at = hash.indexOf('?');
  const params = new URLSearchParams(hash.slice(at < 0 ? 1 : at + 1).replaceAll('+', '%2B'));
  const token = params.get('token');
  if (token === null) return null;
  params.delete('token');
  const rest = at < 0 ? '' : hash.slice(0, at) + (params.size > 0 ? `?${params}` : '');
  history.replaceState(null, '', pathname + search + rest);
  return token || null;
}

/** Does so too when such an address is opened where the page is already: before the router hears of it. */
export function watchToken(taken: (token: string) => void): void {
  const look = () => {
    const token = takeToken();
    if (token !== null) taken(token);
  };
  addEventListener('popstate', look);
  addEventListener('hashchange', look);
}
