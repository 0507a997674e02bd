import { readAiStudio } from './aistudio.ts';
import { readCharacter } from './character.ts';
import { readChatGpt } from './chatgpt.ts';
import { readClaude } from './claude.ts';
import { readClaudeMemory } from './claude-memory.ts';
import { readDialogue } from './dialogue.ts';
import type { Position } from './files.ts';
import { readGemini } from './gemini.ts';
import { readGrok } from './grok.ts';
import { readHindsight } from './hindsight.ts';
import { readLibreChat } from './librechat.ts';
import { readMem0 } from './mem0.ts';
import { readMessages } from './message-lists.ts';
import { readOpenWebUi } from './openwebui.ts';
import type { ImportRecord } from './records.ts';
import { readServerMemory } from './server-memory.ts';
import { readSillyTavern } from './sillytavern.ts';
import { readTurns } from './turns.ts';

export type Format =
  | 'turns'
  | 'dialogue'
  | 'messages'
  | 'chatgpt'
  | 'claude'
  | 'claude-memory'
  | 'gemini'
  | 'aistudio'
  | 'grok'
  | 'openwebui'
  | 'librechat'
  | 'sillytavern'
  | 'mem0'
  | 'hindsight'
  | 'server-memory'
  | 'character';
type Reader = {
  /** What `line` of a record counts. */
  unit: string;
  description: string;
  read: (file: string, position: Position) => AsyncGenerator<ImportRecord>;
  /** It can begin where `position.mark` was: no record depends on those before it. */
  goesOn?: true;
  /** Counts from 1; another one makes other records of the same file, so that no count of them holds for both. */
  version?: number;
};

/** All formats; a new one is one line here. */
export const FORMATS: Readonly<Record<Format, Reader>> = {
  turns: { unit: 'line', description: 'JSON Lines, one turn a line, or an array of turns', read: readTurns },
  dialogue: {
    unit: 'utterance',
    description: 'JSON with "conversations" of named speakers',
    read: readDialogue,
  },
  messages: {
    unit: 'line',
    description: 'messages with "role" and "content": one a line, a list, or lists in conversations',
    read: readMessages,
  },
  chatgpt: {
    unit: 'conversation',
    description: 'ChatGPT export: its ZIP, or conversations.json',
    read: readChatGpt,
    goesOn: true,
  },
  claude: {
    unit: 'conversation',
    description: 'Claude export: its ZIP, or conversations.json',
    read: readClaude,
    goesOn: true,
  },
  'claude-memory': {
    unit: 'memory',
    description: 'what Claude remembers of its user: memories.json of a Claude export',
    read: readClaudeMemory,
  },
  gemini: {
    unit: 'activity',
    description: 'Gemini: My Activity of Google Takeout, as JSON',
    read: readGemini,
  },
  aistudio: {
    unit: 'chat',
    description: 'Google AI Studio: a chat as it lies in Drive',
    read: readAiStudio,
  },
  grok: {
    unit: 'conversation',
    description: 'Grok export: its ZIP, or prod-grok-backend.json',
    read: readGrok,
  },
  openwebui: {
    unit: 'conversation',
    description: 'Open WebUI: exported chats, all or one',
    read: readOpenWebUi,
    goesOn: true,
  },
  librechat: {
    unit: 'conversation',
    description: 'LibreChat: a conversation exported as JSON',
    read: readLibreChat,
    goesOn: true,
  },
  sillytavern: {
    unit: 'line',
    description: 'SillyTavern chat, also of a group: JSON Lines',
    read: readSillyTavern,
    version: 2,
  },
  mem0: {
    unit: 'memory',
    description: 'memories of mem0: a list of them, as its API returns it',
    read: readMem0,
  },
  hindsight: {
    unit: 'memory',
    description: 'memories of Hindsight: a list of them, or an exported ZIP of documents',
    read: readHindsight,
  },
  'server-memory': {
    unit: 'memory',
    description: 'the graph of the MCP memory server: entities and relations',
    read: readServerMemory,
  },
  character: {
    unit: 'character',
    description: 'SillyTavern character card: JSON, PNG or CHARX',
    read: readCharacter,
  },
};
