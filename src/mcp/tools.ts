import { getConversation } from './conversation-tools.ts';
import { correctFactTool, listFacts } from './fact-tools.ts';
import { forget } from './forget-tool.ts';
import { findMedia } from './media-tools.ts';
import { recallTool, searchMemoryTool } from './memory-tools.ts';
import { recordTurnsTool, remember } from './recording-tools.ts';
import { createTaskTool, taskStatus } from './task-tools.ts';
import type { Tool } from './tool.ts';

/** Every tool, in the order in which they are listed. */
export const TOOLS: readonly Tool[] = [
  recallTool,
  searchMemoryTool,
  remember,
  recordTurnsTool,
  getConversation,
  listFacts,
  correctFactTool,
  forget,
  findMedia,
  createTaskTool,
  taskStatus,
];
