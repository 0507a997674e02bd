import { may, runsServer } from '../../server/session.ts';
import { Page } from '../../view/parts.tsx';
import { place } from '../../view/router.ts';
import { Tabs } from '../../view/tabs.tsx';
import { AuditPanel } from './audit-panel.tsx';
import { BackupsPanel } from './backups-panel.tsx';
import { ErasePanel, ExportPanel } from './privacy-panels.tsx';

/** What is kept of people: taken along, erased, backed up, and who did what. */
export function Data() {
  const [, part] = place.value.parts;
  const tabs = [
    { path: ['data'], title: 'Export and erase' },
    ...(runsServer() ? [{ path: ['data', 'backups'], title: 'Backups' }] : []),
    ...(may('ADMIN') ? [{ path: ['data', 'audit'], title: 'Audit log' }] : []),
  ];
  return (
    <Page title="Data">
      <Tabs label="Data" tabs={tabs} />
      {part === 'audit' && may('ADMIN') && <AuditPanel />}
      {part === 'backups' && runsServer() && <BackupsPanel />}
      {!tabs.some(({ path }) => path[1] !== undefined && path[1] === part) && (
        <div class="columns">
          <ExportPanel />
          {may('WRITE') && <ErasePanel />}
        </div>
      )}
    </Page>
  );
}
