import { Page } from '../../view/parts.tsx';
import { place } from '../../view/router.ts';
import { Tabs } from '../../view/tabs.tsx';
import { DifferencesPanel } from './differences-panel.tsx';
import { FinancePanel } from './finance-panel.tsx';
import { InvoicesPanel } from './invoices-panel.tsx';
import { PartnersPanels } from './partners-panels.tsx';

const TABS = [
  { path: ['business'], title: 'Invoices', Panels: InvoicesPanel },
  { path: ['business', 'differences'], title: 'Differences', Panels: DifferencesPanel },
  { path: ['business', 'finance'], title: 'Costs and revenue', Panels: FinancePanel },
  { path: ['business', 'partners'], title: 'Partners and clients', Panels: PartnersPanels },
] as const;

/** What is asked of clients, what came of it, and who gets a share. */
export function Business() {
  const [, part] = place.value.parts;
  const { Panels } = TABS.find(({ path }) => path[1] === part) ?? TABS[0];
  return (
    <Page title="Business">
      <Tabs label="Business" tabs={TABS} />
      <Panels />
    </Page>
  );
}
