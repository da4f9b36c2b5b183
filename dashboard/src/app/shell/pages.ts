/** The pages, in the order of the navigation. */
export const PAGES = [
  { id: 'live', label: 'Live' },
  { id: 'try', label: 'Try it' },
  { id: 'quality', label: 'Quality' },
  { id: 'models', label: 'Models' },
] as const;

export type PageId = (typeof PAGES)[number]['id'];
