/** Drawn here, in one line width; words always stand beside them. */
const PATHS = {
  now: 'M3 12h4l3-7 4 14 3-7h4',
  memory: 'M5 5h14v10H10l-5 4z',
  tasks: 'M4 7l2 2 3-4M4 16l2 2 3-4M13 7h7M13 17h7',
  alerts: 'M12 4a5 5 0 0 0-5 5c0 6-2 7-2 7h14s-2-1-2-7a5 5 0 0 0-5-5zM10 20h4',
  objectives: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h.01',
  characters: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-5 8-5s7 1 8 5',
  media: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.500 9h.01',
  studio: 'M4 20l1-5L16 4l4 4L9 19zM13 7l4 4',
  data: 'M12 4c5 0 8 1.300 8 3s-3 3-8 3-8-1.300-8-3 3-3 8-3zM4 7v10c0 1.700 3 3 8 3s8-1.300 8-3V7M4 12c0 1.700 3 3 8 3s8-1.300 8-3',
  business: 'M4 8h16v12H4zM9 8V5h6v3M4 13h16M12 12v3',
  access: 'M8 15a4 4 0 1 1 3.500-6H21v3h-2v3h-3v-3h-4.500A4 4 0 0 1 8 15z',
  menu: 'M4 7h16M4 12h16M4 17h16',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg width="18" height="18" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor">
      <path d={PATHS[name]} stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

export function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--sea)" />
      <g fill="none" stroke="var(--on-sea)" stroke-linecap="round" stroke-width="2.8">
        <path d="M9 16h.01M14 11a7 7 0 0 1 0 10M19 7a13 13 0 0 1 0 18" />
      </g>
    </svg>
  );
}
