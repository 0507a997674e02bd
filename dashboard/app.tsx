import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { PAGES, type PageEntry } from './pages.ts';
import { principal, signInReason } from './server/session.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { Empty, Hollow, Page } from './view/parts.tsx';
import { go, hrefOf, place } from './view/router.ts';

/** Everything: who is looking, and the page that they look at. */
export function App() {
  if (signInReason.value !== null) return <SignIn reason={signInReason.value} />;
  if (!principal.value) return <p class="sign-in">Asking the server who you are …</p>;
  return (
    <Shell>
      <Current />
    </Shell>
  );
}

function Current() {
  const [name] = place.value.parts;
  const page = PAGES.find((each) => each.name === (name ?? 'now') && each.isShown());
  useEffect(() => {
    if (name === undefined) go(hrefOf(['now']), 'replace');
  }, [name]);
  if (!page)
    return (
      <Page title="Nothing here">
        <Empty title="There is no such page for you.">
          It may have moved, or your key may not see it. <a href={hrefOf(['now'])}>Back to Now</a>
        </Empty>
      </Page>
    );
  return <Loaded key={page.name} page={page} />;
}

const loaded = new Map<string, ComponentType>();

/** Each page is loaded when somebody first comes to it. */
function Loaded({ page }: { page: PageEntry }) {
  const [View, setView] = useState<ComponentType | undefined>(() => loaded.get(page.name));
  const [isGone, setGone] = useState(false);
  useEffect(() => {
    if (View) return;
    page
      .load()
      .then((view) => {
        loaded.set(page.name, view);
        setView(() => view);
      })
      .catch(() => setGone(true));
  }, [page, View]);
  if (isGone)
    return (
      <Page title={page.title}>
        <Empty title="This part of the dashboard could not be loaded.">
          The server may be away, or newer than this page.{' '}
          <button type="button" class="button" onClick={() => location.reload()}>
            Load the page again
          </button>
        </Empty>
      </Page>
    );
  return View ? <View /> : <Hollow rows={4} height={72} />;
}
