/** How a fact is put for people, after its subject: what holds, and what does not. `{}` is the object. */
const WORDS: Readonly<Record<string, readonly [holds: string, not: string]>> = {
  name: ["'s name is {}", "'s name is not {}"],
  nickname: ['is called {}', 'is not called {}'],
  age: ['is {} years old', 'is not {} years old'],
  birthday: ["'s birthday is {}", "'s birthday is not {}"],
  born: ['was born in {}', 'was not born in {}'],
  born_in: ['was born in {}', 'was not born in {}'],
  nationality: ['is {}', 'is not {}'],
  religion: ['is {}', 'is not {}'],
  handedness: ['is {}', 'is not {}'],
  height: ['is {} tall', 'is not {} tall'],
  weight: ['weighs {}', 'does not weigh {}'],
  lives_in: ['lives in {}', 'does not live in {}'],
  lived_in: ['used to live in {}', 'never lived in {}'],
  staying_in: ['is staying in {} for now', 'is not staying in {}'],
  home: ['lives in {}', 'does not live in {}'],
  from: ['is from {}', 'is not from {}'],
  grew_up_in: ['grew up in {}', 'did not grow up in {}'],
  works_at: ['works at {}', 'does not work at {}'],
  worked_at: ['used to work at {}', 'never worked at {}'],
  works_in: ['works in {}', 'does not work in {}'],
  occupation: ['works as {}', 'is not {}'],
  worked_as: ['used to work as {}', 'was never {}'],
  income: ['earns {}', 'does not earn {}'],
  studies: ['studies {}', 'does not study {}'],
  studied: ['studied {}', 'did not study {}'],
  studied_at: ['studied at {}', 'did not study at {}'],
  member_of: ['is a member of {}', 'is not a member of {}'],
  relationship_status: ['is {}', 'is not {}'],
  number_of_children: ['has {}', 'does not have {}'],
  number_of_siblings: ['has {}', 'does not have {}'],
  has_pet: ['has {}', 'does not have {}'],
  owns: ['has {}', 'does not have {}'],
  drives: ['drives {}', 'does not drive {}'],
  rides: ['rides {}', 'does not ride {}'],
  rents: ['rents {}', 'does not rent {}'],
  bank: ['banks with {}', 'does not bank with {}'],
  likes: ['likes {}', 'does not like {}'],
  dislikes: ['dislikes {}', 'does not dislike {}'],
  prefers: ['prefers {}', 'does not prefer {}'],
  eats: ['eats {}', 'does not eat {}'],
  drinks: ['drinks {}', 'does not drink {}'],
  smokes: ['smokes', 'does not smoke'],
  diet: ['is {}', 'is not {}'],
  allergic_to: ['is allergic to {}', 'is not allergic to {}'],
  intolerant_to: ['is intolerant to {}', 'is not intolerant to {}'],
  has_condition: ['has {}', 'does not have {}'],
  takes: ['takes {}', 'does not take {}'],
  blood_type: ["'s blood type is {}", "'s blood type is not {}"],
  plans: ['plans to {}', 'does not plan to {}'],
  wants: ['wants to {}', 'does not want to {}'],
  rent: ["'s rent is {}", "'s rent is not {}"],
  vapes: ['vapes', 'does not vape'],
  considers: ['is considering {}', 'is not considering {}'],
  travels_to: ['plans to travel to {}', 'does not plan to travel to {}'],
  appointment: ['has an appointment: {}', 'has no appointment: {}'],
  deadline: ['has a deadline: {}', 'has no deadline: {}'],
  speaks: ['speaks {}', 'does not speak {}'],
  learns: ['is learning {}', 'is not learning {}'],
  plays: ['plays {}', 'does not play {}'],
  can: ['can {}', 'cannot {}'],
  skilled_at: ['is good at {}', 'is not good at {}'],
  hobby: ['does {} as a hobby', 'does not do {} as a hobby'],
  uses: ['uses {}', 'does not use {}'],
  routine: ['{}', 'does not {}'],
  did: ['{}', 'did not {}'],
  happened: ['{}', 'not: {}'],
  visited: ['has been to {}', 'has never been to {}'],
};

/** @returns such as "user lives in Lisbon" */
export function statementOf(subject: string, predicate: string, object: string, negated: boolean): string {
  const words = WORDS[predicate]?.[negated ? 1 : 0];
  if (words !== undefined)
    return joined(
      subject,
      words.replace('{}', () => object),
    );
  const noun = predicate.replace(/^(?:value|date)_of_/, '').replaceAll('_', ' ');
  return `${subject}'s ${noun} is ${negated ? 'not ' : ''}${object}`;
}

function joined(subject: string, words: string): string {
  return words.startsWith("'s ") ? `${subject}${words}` : `${subject} ${words}`;
}
