import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { PAGES } from './pages.ts';
import { credential, principal, signOut } from './server/session.ts';
import { following, isLive } from './server/socket.ts';
import { activeAlerts, health, heardAt, isAway, watchStanding } from './server/standing.ts';
import { Icon, Mark } from './view/icons.tsx';
import { hrefOf, place } from './view/router.ts';
import { Saying } from './view/saying.tsx';
import { standingOf } from './view/standing.ts';
import { clock } from './view/time.tsx';
import { plain, span, zone } from './view/words.ts';

/** What stands around every page: where one is, how the server is, who is looking. */
export function Shell({ children }: { children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  useEffect(watchStanding, []);
  useEffect(() => setOpen(false), [place.value]);
  return (
    <div class="shell">
      <a class="skip" href="#stage">
        To the content
      </a>
      <header class="around">
        <div class="top">
          <span class="brand">
            <Mark /> Echo Brain
          </span>
          <button
            type="button"
            class="button"
            aria-expanded={isOpen}
            aria-controls="rail"
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="menu" /> Menu
          </button>
        </div>
        <div class="rail" id="rail" data-open={isOpen}>
          <span class="brand">
            <Mark /> Echo Brain
          </span>
          <Navigation />
          <Who />
        </div>
      </header>
      <main class="stage" id="stage" tabIndex={-1}>
        <Strip />
        {children}
      </main>
      <Saying />
    </div>
  );
}

function Navigation() {
  const [name = 'now'] = place.value.parts;
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.filter((page) => page.isShown()).map((page) => (
          <li key={page.name}>
            <a href={hrefOf([page.name])} aria-current={page.name === name ? 'page' : undefined}>
              <Icon name={page.name} /> {page.title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Who() {
  const { userId = '', tenantId = '', roles = [] } = principal.value ?? {};
  return (
    <div class="who-looks">
      <span>
        {userId}
        {tenantId !== 'default' && ` in ${tenantId}`}, {roles.map(plain).join(', ')}
      </span>
      <span>Times in {zone()}</span>
      <span>Version {health.value?.version ?? '…'}</span>
      {credential.value !== null && (
        <button type="button" class="button" onClick={() => signOut('You are signed out.')}>
          Sign out
        </button>
      )}
    </div>
  );
}

/** How the server is, in a line that is on every page. */
function Strip() {
  const { tone, words } = standingOf({
    health: health.value,
    activeAlerts: activeAlerts.value,
    isAway: isAway.value,
  });
  return (
    <div class="strip">
      <a href={hrefOf(['now'])}>
        <span class="lamp" data-tone={tone} />
        <span role="status" title={words}>
          {words}
        </span>
      </a>
      {health.value && !isAway.value && <span class="up">up {span(health.value.uptimeSeconds)}</span>}
      <Freshness />
    </div>
  );
}

/** Whether what is shown is of this moment. */
function Freshness() {
  // So that it is written anew each second.
  void clock.value;
  if (heardAt.value === 0) return <span class="live">Connecting …</span>;
  const age = (performance.now() - heardAt.value) / 1_000;
  const words = isLive.value || following.value === 0 ? 'Live' : 'Connecting …';
  return <span class="live">{isAway.value || age > 10 ? `Last heard ${span(age)} ago` : words}</span>;
}
