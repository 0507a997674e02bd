import { afterAll } from 'vitest';
import { removeFolders } from './folders.ts';

// After what the file itself does at its end.
afterAll(removeFolders);
