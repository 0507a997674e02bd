import { characterRows } from './characters.ts';
import { conversationRows } from './conversations.ts';
import { goalRows } from './goals.ts';
import { learningRows } from './learning.ts';
import { liveRows } from './live.ts';
import { mcpRows } from './mcp.ts';
import { mediaRows } from './media.ts';
import { memoryRows } from './memory.ts';
import { queryRows } from './query.ts';
import type { Row } from './row.ts';
import { statusRows } from './status.ts';
import { streamRows } from './streams.ts';
import { systemRows } from './system.ts';
import { taskRows } from './tasks.ts';

/** Every endpoint of the older service, in the order in which they are documented. */
export const ROWS: readonly Row[] = [
  ...queryRows,
  ...streamRows,
  ...conversationRows,
  ...memoryRows,
  ...characterRows,
  ...mediaRows,
  ...taskRows,
  ...goalRows,
  ...learningRows,
  ...mcpRows,
  ...statusRows,
  ...systemRows,
  ...liveRows,
];
