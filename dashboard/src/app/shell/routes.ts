/** The pages, in the order of the navigation. Their addresses are hashes, so
 * that the server serves one file and a reload stays where it was. */
export const ROUTES = [
  { id: 'live', label: 'Live' },
  { id: 'try', label: 'Try it' },
  { id: 'quality', label: 'Quality' },
  { id: 'models', label: 'Models' },
] as const;

export type Route = (typeof ROUTES)[number]['id'];

export function routeOf(hash: string): Route {
  const [name] = hash.replace(/^#\/?/, '').split('?');
  return ROUTES.find((r) => r.id === name)?.id ?? 'live';
}

/** What stands after the page's name in an address: how it is looked at. */
export function paramsOf(hash: string): URLSearchParams {
  return new URLSearchParams(hash.split('?')[1] ?? '');
}
