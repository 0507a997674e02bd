import { Backups, type BackupsData, CreateBackup, VerifyBackup } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { Table } from '../../view/table.tsx';
import { Ago } from '../../view/time.tsx';
import { bytes, counted, plain } from '../../view/words.ts';

type Backup = BackupsData['backups']['nodes'][number];

const MOST = 100;
const EVERY_MS = 10_000;
const TONES = { VERIFIED: 'good', UNVERIFIED: 'warn', DAMAGED: 'bad' } as const;

/** Which backups there are, how old they are, and whether they were restored to try them. */
export function BackupsPanel() {
  const { data, problem, again } = useAnswer(Backups, { first: MOST }, EVERY_MS);
  const nodes = data?.backups.nodes;
  return (
    <Panel title="Backups" note={<Create />}>
      <Problem problem={problem} again={again} />
      {!data && !problem && <Hollow rows={4} />}
      {nodes?.length === 0 && (
        <Empty title="There is no backup yet.">One is made every night, and restored to try it.</Empty>
      )}
      {nodes && nodes.length > 0 && (
        <Table headings={['Made', 'State', 'Size', 'Note']} hasActions>
          {nodes.map((backup) => (
            <Row key={backup.backupId} backup={backup} />
          ))}
        </Table>
      )}
      {data?.backups.pageInfo.hasNextPage && <p class="under">The newest {MOST}; there are older ones.</p>}
    </Panel>
  );
}

function Row({ backup }: { backup: Backup }) {
  const { backupId, createdAt, state, verifiedAt, verificationSeconds, problem, encryption, note } = backup;
  return (
    <tr>
      <td data-label="Made">
        <Ago at={createdAt} />
        <div class="under">
          <code>{backupId}</code>
        </div>
      </td>
      <td data-label="State">
        <Tag tone={TONES[state]}>{plain(state)}</Tag>
        {verifiedAt && (
          <div class="under">
            <Ago at={verifiedAt} />, in {Math.round(verificationSeconds ?? 0)} s
          </div>
        )}
        {problem && <div class="under">{problem}</div>}
      </td>
      <td data-label="Size">
        {bytes(backup.bytes)}
        <div class="under">
          {counted(backup.rows, 'row')}, {encryption === 'NONE' ? 'not encrypted' : 'encrypted'}
        </div>
      </td>
      <td data-label="Note" class="words">
        {note ?? '–'}
      </td>
      <td data-label="">
        <Verify backupId={backupId} />
      </td>
    </tr>
  );
}

function Create() {
  const { isBusy, act } = useAct();
  const create = () =>
    act(async () => {
      succeeded((await ask(CreateBackup, {})).createBackup);
      return 'A backup is being made; Tasks shows how far it is, and it appears here when it is there.';
    });
  return (
    <button type="button" class="button" aria-disabled={isBusy} onClick={create}>
      Back up now
    </button>
  );
}

function Verify({ backupId }: { backupId: string }) {
  const { isBusy, act } = useAct();
  const verify = () =>
    act(async () => {
      succeeded((await ask(VerifyBackup, { backupId })).verifyBackup);
      return 'The backup is restored to try it; what comes out appears here.';
    });
  return (
    <button
      type="button"
      class="button"
      aria-disabled={isBusy}
      aria-label={`Verify ${backupId}`}
      onClick={verify}
    >
      Verify
    </button>
  );
}
