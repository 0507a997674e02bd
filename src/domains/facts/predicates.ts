import type { FactCategory } from './tables.ts';

interface Predicate {
  readonly category: FactCategory;
  /** One has only one at a time: what is said later supersedes what was said before. */
  readonly isSingle: boolean;
}

const single = (category: FactCategory): Predicate => ({ category, isSingle: true });
const many = (category: FactCategory): Predicate => ({ category, isSingle: false });

/** What is said of somebody, by the names under which it is stored. Others may be used: they are OTHER, and many can hold. */
export const PREDICATES: Readonly<Record<string, Predicate>> = {
  name: single('IDENTITY'),
  nickname: single('IDENTITY'),
  age: single('IDENTITY'),
  birthday: single('IDENTITY'),
  nationality: many('IDENTITY'),
  pronouns: single('IDENTITY'),
  phone: single('IDENTITY'),
  email: single('IDENTITY'),
  height: single('IDENTITY'),
  weight: single('HEALTH'),
  shoe_size: single('IDENTITY'),
  religion: single('IDENTITY'),
  lives_in: single('PLACE'),
  address: single('PLACE'),
  home: single('PLACE'),
  from: single('PLACE'),
  grew_up_in: single('PLACE'),
  born_in: single('PLACE'),
  works_at: single('WORK'),
  occupation: single('WORK'),
  works_in: many('WORK'),
  manager: single('WORK'),
  income: single('WORK'),
  studies: many('WORK'),
  studied: many('WORK'),
  studied_at: many('WORK'),
  relationship_status: single('RELATION'),
  partner: single('RELATION'),
  husband: single('RELATION'),
  wife: single('RELATION'),
  boyfriend: single('RELATION'),
  girlfriend: single('RELATION'),
  fiance: single('RELATION'),
  mother: single('RELATION'),
  father: single('RELATION'),
  son: many('RELATION'),
  daughter: many('RELATION'),
  child: many('RELATION'),
  brother: many('RELATION'),
  sister: many('RELATION'),
  friend: many('RELATION'),
  flatmate: many('RELATION'),
  colleague: many('RELATION'),
  number_of_children: single('RELATION'),
  number_of_siblings: single('RELATION'),
  has_pet: many('POSSESSION'),
  owns: many('POSSESSION'),
  drives: single('POSSESSION'),
  likes: many('PREFERENCE'),
  dislikes: many('PREFERENCE'),
  prefers: many('PREFERENCE'),
  diet: single('PREFERENCE'),
  allergic_to: many('HEALTH'),
  has_condition: many('HEALTH'),
  takes: many('HEALTH'),
  blood_type: single('HEALTH'),
  plans: many('PLAN'),
  wants: many('PLAN'),
  travels_to: many('PLAN'),
  appointment: many('PLAN'),
  deadline: many('PLAN'),
  speaks: many('SKILL'),
  plays: many('SKILL'),
  can: many('SKILL'),
  skilled_at: many('SKILL'),
  did: many('EVENT'),
  happened: many('EVENT'),
  uses: many('OTHER'),
  rides: many('POSSESSION'),
  routine: many('OTHER'),
  photographs: many('PREFERENCE'),
  photographs_in: many('PLACE'),
  photographs_at: many('PREFERENCE'),
};

/** `favourite_cheese` and the like: one for each thing. */
const FAVOURITE = /^favou?rite_/;

/** @returns what is known of a predicate, whatever it is called */
export function predicateOf(name: string): Predicate {
  if (Object.hasOwn(PREDICATES, name)) return PREDICATES[name] ?? many('OTHER');
  return FAVOURITE.test(name) ? single('PREFERENCE') : many('OTHER');
}
