import { expect, test } from 'vitest';
import { withoutPleasantries } from '../src/domains/utterances/pleasantries.ts';

test.each([
  ['Good morning. What is my dentist called?', 'What is my dentist called?'],
  ['hi there, where do I live?', 'where do I live?'],
  ['hey where do i live', 'where do i live'],
  ['Hope you are well. Where do I live? Thanks in advance!', 'Where do I live'],
  ['Guten Tag! Wie geht’s? Wo wohne ich? Vielen Dank.', 'Wo wohne ich'],
  ['¡Hola! ¿Qué tal? ¿Dónde vivo?', 'Dónde vivo?'],
  ['Добрый день! Где я живу?', 'Где я живу?'],
  ['こんにちは。私の犬の名前は？', '私の犬の名前は？'],
  ['你好，我住在哪里？', '我住在哪里？'],
])('%s is about: %s', (query, about) => {
  expect(withoutPleasantries(query)).toBe(about);
});

test.each([
  'Hello',
  'Thanks a lot!',
  'Good morning!',
  'Good morning America is a film that I like',
  'What did I say about the good morning song?',
  'How are you going to remind me of the dentist?',
  'Morning runs are what I like',
  'thanksgiving dinner was at whose place?',
])('%s stays as it is', (query) => {
  expect(withoutPleasantries(query)).toBe(query);
});

test('of a long text only the ends are looked at', () => {
  const query = `hello, ${'hi, '.repeat(100_000)}where?`;
  expect(withoutPleasantries(query)).toMatch(/^hi, hi, /);
});
