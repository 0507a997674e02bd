import '../../styles/memory.css';
import { Page } from '../../view/parts.tsx';
import { place } from '../../view/router.ts';
import { Tabs } from '../../view/tabs.tsx';
import { ConversationPage } from './conversation-page.tsx';
import { ConversationsPanel } from './conversations-panel.tsx';
import { EvaluationsPanel } from './evaluations-panel.tsx';
import { FactPage } from './fact-page.tsx';
import { FactsPanel } from './facts-panel.tsx';
import { SearchPanel } from './search-panel.tsx';

const TABS = [
  { path: ['memory'], title: 'Search' },
  { path: ['memory', 'conversations'], title: 'Conversations' },
  { path: ['memory', 'facts'], title: 'Facts' },
  { path: ['memory', 'evaluations'], title: 'Evaluations' },
];

/** What was said, what was learned of it, and why it is found. */
export function Memory() {
  const [, part, id] = place.value.parts;
  if (part === 'conversation' && id) return <ConversationPage key={id} conversationId={id} />;
  if (part === 'fact' && id) return <FactPage key={id} factId={id} />;
  return (
    <Page title="Memory">
      <Tabs label="Memory" tabs={TABS} />
      {part === 'facts' ? (
        <FactsPanel />
      ) : part === 'conversations' ? (
        <ConversationsPanel />
      ) : part === 'evaluations' ? (
        <EvaluationsPanel />
      ) : (
        <SearchPanel />
      )}
    </Page>
  );
}
