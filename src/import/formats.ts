import { readCharacter } from './character.ts';
import { readChatGpt } from './chatgpt.ts';
import { readClaude } from './claude.ts';
import { readDialogue } from './dialogue.ts';
import type { Position } from './files.ts';
import { readLibreChat } from './librechat.ts';
import { readOpenWebUi } from './openwebui.ts';
import type { ImportRecord } from './records.ts';
import { readTurns } from './turns.ts';

export type Format = 'turns' | 'dialogue' | 'chatgpt' | 'claude' | 'openwebui' | 'librechat' | 'character';
type Reader = {
  /** What `line` of a record counts. */
  unit: string;
  description: string;
  read: (file: string, position: Position) => AsyncGenerator<ImportRecord>;
};

/** All formats; a new one is one line here. */
export const FORMATS: Readonly<Record<Format, Reader>> = {
  turns: { unit: 'line', description: 'JSON Lines, one turn a line, or an array of turns', read: readTurns },
  dialogue: {
    unit: 'utterance',
    description: 'JSON with "conversations" of named speakers',
    read: readDialogue,
  },
  chatgpt: {
    unit: 'conversation',
    description: 'ChatGPT export: its ZIP, or conversations.json',
    read: readChatGpt,
  },
  claude: {
    unit: 'conversation',
    description: 'Claude export: its ZIP, or conversations.json',
    read: readClaude,
  },
  openwebui: {
    unit: 'conversation',
    description: 'Open WebUI: exported chats, all or one',
    read: readOpenWebUi,
  },
  librechat: {
    unit: 'conversation',
    description: 'LibreChat: a conversation exported as JSON',
    read: readLibreChat,
  },
  character: {
    unit: 'character',
    description: 'SillyTavern character card: JSON, PNG or CHARX',
    read: readCharacter,
  },
};
