import type { ComponentChildren } from 'preact';
import { Clients, type ClientsData, Partners, type PartnersData } from '../../operations.ts';
import { connectionPage, type Pages, usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { Table } from '../../view/table.tsx';
import { Moment } from '../../view/time.tsx';
import { decimal } from '../../view/words.ts';
import { PayoutsPanel } from './payouts-panel.tsx';

type Partner = PartnersData['partners']['nodes'][number];
type Client = ClientsData['clientAccounts']['nodes'][number];

const PAGE = 50;
const partnersOf = ({ partners }: PartnersData) => connectionPage<Partner>(partners);
const clientsOf = ({ clientAccounts }: ClientsData) => connectionPage<Client>(clientAccounts);

/** Who brings clients, what they get for it, and who pays. */
export function PartnersPanels() {
  const partners = usePages(Partners, { first: PAGE }, partnersOf);
  const clients = usePages(Clients, { first: PAGE }, clientsOf);
  return (
    <div class="stack">
      <PayoutsPanel />
      <Panel title="Partners">
        <Frame pages={partners} nobody="There is no partner." maker="createPartner" more="More partners">
          <Table headings={['Partner', { figures: 'Rate' }, 'Codes', 'Since']}>
            {partners.items?.map((partner) => (
              <PartnerRow key={partner.partnerId} partner={partner} />
            ))}
          </Table>
        </Frame>
      </Panel>
      <Panel title="Clients">
        <Frame pages={clients} nobody="There is no client." maker="createClientAccount" more="More clients">
          <Table headings={['Client', 'Brought by', 'Since']}>
            {clients.items?.map((client) => (
              <ClientRow key={client.clientId} client={client} />
            ))}
          </Table>
        </Frame>
      </Panel>
    </div>
  );
}

/** What stands around a list that comes page by page. */
function Frame({ pages, nobody, maker, more, children }: FrameParts) {
  const { items, problem, again } = pages;
  return (
    <>
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={3} />}
      {items?.length === 0 && (
        <Empty title={nobody}>
          <code>{maker}</code> makes one.
        </Empty>
      )}
      {items && items.length > 0 && children}
      <More of={pages}>{more}</More>
    </>
  );
}
interface FrameParts {
  readonly pages: Omit<Pages<unknown>, 'replace'>;
  readonly nobody: string;
  readonly maker: string;
  readonly more: string;
  readonly children: ComponentChildren;
}

/** What somebody is called, and by which id. */
function Party({ id, name, suspendedAt }: PartyParts) {
  return (
    <td data-label="">
      <strong>{name ?? 'somebody who is forgotten'}</strong> {suspendedAt && <Tag tone="warn">suspended</Tag>}
      <div class="under">
        <code>{id}</code>
      </div>
    </td>
  );
}
interface PartyParts {
  readonly id: string;
  readonly name: string | null;
  readonly suspendedAt: string | null;
}

function PartnerRow({
  partner: { partnerId, name, rate, codes, createdAt, suspendedAt },
}: {
  partner: Partner;
}) {
  const open = codes.filter(({ revokedAt }) => revokedAt === null);
  return (
    <tr>
      <Party id={partnerId} name={name} suspendedAt={suspendedAt} />
      <td class="number" data-label="Rate">
        {decimal(rate / 100)} %
      </td>
      <td data-label="Codes" class="words">
        {open.length === 0 ? '–' : open.map(({ code }) => code).join(', ')}
      </td>
      <td data-label="Since">
        <Moment at={createdAt} />
      </td>
    </tr>
  );
}

function ClientRow({
  client: { clientId, name, partner, referredAt, createdAt, suspendedAt },
}: {
  client: Client;
}) {
  return (
    <tr>
      <Party id={clientId} name={name} suspendedAt={suspendedAt} />
      <td data-label="Brought by">
        {partner ? <code>{partner.partnerId}</code> : '–'}
        {referredAt && (
          <div class="under">
            <Moment at={referredAt} />
          </div>
        )}
      </td>
      <td data-label="Since">
        <Moment at={createdAt} />
      </td>
    </tr>
  );
}
