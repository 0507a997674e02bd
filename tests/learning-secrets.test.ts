import { describe, expect, test } from 'vitest';
import { secretsIn } from '../src/domains/learning/rules/secrets.ts';
import { learned } from './support/said.ts';

const hidden = (text: string) => secretsIn(text).map(({ start, end }) => text.slice(start, end));

describe('secrets', () => {
  test.each<[string, string, string]>([
    ['my wifi password is oak-Lantern-42, can you make a sign?', 'oak-Lantern-42', 'password'],
    ['Das Passwort lautet Regen!wald7', 'Regen!wald7', 'password'],
    ['mi contraseña es Caracol#91', 'Caracol#91', 'password'],
    ['mon mot de passe est Girafe_22', 'Girafe_22', 'password'],
    ['hunter2! is my password', 'hunter2!', 'password'],
    ['the seed phrase is apple river stone cloud', 'apple river stone cloud', 'password'],
    ['card 5500 0055 5555 5559 exp 01/29', '5500 0055 5555 5559', 'card number'],
    ['pay from DE89 3704 0044 0532 0130 00 please', 'DE89 3704 0044 0532 0130 00', 'account number'],
    ['my account number is 20445671', '20445671', 'account number'],
    ['my pin is 4821', '4821', 'code'],
    ['my social security number is 219-09-9999', '219-09-9999', 'identity number'],
    ['my passport number is X4RTBPFW4', 'X4RTBPFW4', 'identity number'],
    ['AWS_SECRET_KEY=abcdefgh12345', 'AWS_SECRET_KEY=abcdefgh12345', 'key'],
    [`export ${'MY_'.repeat(40)}TOKEN="abcdefgh1"`, 'TOKEN="abcdefgh1"', 'key'],
    [
      'use ghp_abcdefghijklmnopqrstuvwxyz0123456789 for it',
      'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
      'key',
    ],
    ['postgres://anna:geheim@db.example.org/x', 'postgres://anna:geheim@db.example.org/x', 'password'],
  ])('in %s', (text, secret, reason) => {
    expect(secretsIn(text).map((each) => each.reason)).toContain(reason);
    expect(hidden(text).join(' ')).toContain(secret);
  });

  test.each([
    'my password is not working',
    'I was born in 1987 and I earn 2,900 euros a month',
    'call me at 5 or come on 14 June 2026',
    'the order number is in the mail',
    'I ran 10 km in 48:12 and weigh 72.5 kg',
    '1234 5678 9012 3456 is nothing by its check digit',
  ])('none in %s', (text) => expect(hidden(text)).toEqual([]));

  test('become neither facts nor quotes, and are told without being repeated', () => {
    const text = 'My password is Winter#2026, my card is 4111 1111 1111 1111 and I live in Graz.';
    const { candidates, refused } = learned(text);
    expect(candidates.map(({ statement }) => statement)).toEqual(['user lives in Graz']);
    expect(refused.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['password', 'card number']));
    expect(JSON.stringify({ candidates, refused })).not.toMatch(/Winter|4111/);
  });
});
