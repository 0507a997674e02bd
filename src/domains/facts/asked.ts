import { wordsOf } from '../word-index/analysis.ts';
import type { FactRow } from './tables.ts';

/** Words with which people ask for what a predicate says, where facts do not have them: in the more frequent languages. */
const ASKED: readonly (readonly [predicates: string, words: string])[] = [
  [
    'lives_in home address staying_in',
    'live living house home address city town reside residence based move moved moving wohne wohnst wohnen wohnt lebe lebst leben wohnort adresse stadt habite habites habiter habitons vis ville adresse vivo vives vivimos vivir ciudad direccion abito vivo vivi citta moro mora cidade woon woont stad mieszkam miasto живу город',
  ],
  ['lived_in', 'live lived living wohnte gewohnt gelebt habitais vivia'],
  [
    'works_at works_in',
    'work working job employer employed company arbeite arbeiten arbeitgeber firma travaille travailler employeur entreprise trabajo trabajar empresa lavoro azienda trabalho werk praca работаю работа',
  ],
  [
    'occupation',
    'work working job occupation profession trade beruf arbeite arbeit metier travail profession trabajo profesion lavoro professione trabalho profissao beroep zawod профессия работа',
  ],
  [
    'name nickname',
    'name named called heisse heisst appelle nom llamo llama nombre chiamo nome heet naam imie зовут имя',
  ],
  ['age', 'age old alt alter ans anos edad eta anni oud wiek лет возраст'],
  [
    'birthday born_in born',
    'birthday born geburtstag geboren anniversaire naissance cumpleanos nacimiento compleanno verjaardag',
  ],
  ['born_in from grew_up_in nationality', 'hometown origin originally heimat herkunft origine origen'],
  [
    'partner husband wife girlfriend boyfriend fiance relationship_status',
    'partner spouse married relationship single ehepartner verheiratet beziehung conjoint mariee couple pareja casado casada',
  ],
  ['mother father', 'parents eltern parents padres genitori'],
  ['son daughter child number_of_children', 'children child kids kid kinder enfants hijos figli filhos'],
  ['brother sister number_of_siblings', 'siblings sibling geschwister fratrie hermanos fratelli irmaos'],
  ['has_pet', 'pet pets haustier haustiere animal animaux mascota mascotas'],
  [
    'drives rides',
    'car vehicle drive driving auto wagen fahre voiture conduis coche carro conduzco macchina',
  ],
  [
    'likes prefers',
    'like likes love enjoy prefer favourite favorite mag gern gerne mogen lieblings aime aimes prefere prefiere gusta gustan favorito favorita piace',
  ],
  ['dislikes', 'dislike hate verabscheue hasse deteste odio'],
  ['diet eats', 'diet eat ernahrung regime dieta'],
  [
    'allergic_to intolerant_to',
    'allergic allergy allergies intolerant intolerance allergisch allergie allergique alergico alergica alergia eat food foods essen manger comer',
  ],
  ['has_condition', 'condition illness disease krankheit maladie enfermedad'],
  ['takes', 'medication medicine pills drugs medikament medikamente medicament medicamento'],
  ['speaks', 'language languages speak sprache sprachen langue langues idioma idiomas lingua'],
  ['plays', 'instrument sport play'],
  ['studies studied studied_at', 'study university degree major college studium etudes estudios'],
  ['travels_to', 'trip trips travel travelling vacation reise urlaub voyage viaje'],
  ['plans wants', 'plan plans planning'],
  ['income', 'earn salary income gehalt verdiene salaire sueldo stipendio'],
  ['manager', 'boss manager chef chefin vorgesetzter jefe jefa capo'],
  ['height', 'tall height gross grosse altura'],
  ['weight', 'weigh weight wiege poids peso'],
  ['phone', 'phone telephone telefonnummer telefono'],
  ['email', 'mail email'],
];
/** The same with which people ask for what is denied: who hates something is known not to like it. */
const DENIED: typeof ASKED = [
  ['likes', 'dislike hate loathe detest verabscheue hasse deteste odio'],
  ['eats drinks', 'avoid'],
];
/** Predicates that are called by what they are of: `favourite_cheese`. */
const FAVOURITE = new Set(
  'favourite favorite lieblings prefere preferee favorito favorita preferito preferita'
    .split(' ')
    .flatMap((word) => wordsOf(word).map(({ term }) => term)),
);

const stated = predicatesByTerm(ASKED);
const denied = predicatesByTerm(DENIED);

function predicatesByTerm(asked: typeof ASKED): ReadonlyMap<string, ReadonlySet<string>> {
  const byTerm = new Map<string, Set<string>>();
  for (const [predicates, words] of asked)
    for (const { term } of wordsOf(words)) {
      const known = byTerm.get(term) ?? new Set();
      for (const predicate of predicates.split(' ')) known.add(predicate);
      byTerm.set(term, known);
    }
  return byTerm;
}

/** The predicates that a word of a question asks for, whatever facts say in their own words. */
export function predicatesAskedBy(term: string): readonly string[] {
  return [...(stated.get(term) ?? []), ...(denied.get(term) ?? [])];
}

/** Whether a word of a question asks for a fact like this. */
export function asksFor(
  term: string,
  { predicate, negated }: Pick<FactRow, 'predicate' | 'negated'>,
): boolean {
  return (
    stated.get(term)?.has(predicate) === true ||
    (negated && denied.get(term)?.has(predicate) === true) ||
    (FAVOURITE.has(term) && /^favou?rite_/.test(predicate))
  );
}
