import { hrefOf, place } from './router.ts';

/** The parts of a page, each with an address of its own. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { path: readonly string[]; title: string }[];
}) {
  const here = hrefOf(place.value.parts);
  return (
    <nav class="tabs" aria-label={label}>
      <ul>
        {tabs.map(({ path, title }) => (
          <li key={title}>
            <a href={hrefOf(path)} aria-current={hrefOf(path) === here ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
