import type { Family } from './family.ts';
import { type Phrasebook, relationsNamed, sayingsIn, TITLES } from './phrasebook.ts';

const NAME = String.raw`(?<object>${TITLES}\p{Lu}[\p{L}\p{M}'-]+(?:(?: (?:de|du|la|le|les|sur|en|des))* \p{Lu}[\p{L}\p{M}'-]+){0,2})`;
const THING = String.raw`(?:le |la |les |l'|du |de la |des |de l'|de |d'|au |aux |à la |à l'|à )?(?<object>[\p{L}\p{M}'-]+(?: (?:de|d'|du|des|à|au|en|aux) ?[\p{L}\p{M}'-]+| (?!et\b|mais\b|car\b|donc\b|depuis\b|parce\b|que\b|qui\b|quand\b|ou\b|pour\b|dans\b|avec\b|tu\b|je\b|j'|il\b|elle\b|on\b|nous\b|mon\b|ma\b|mes\b|beaucoup\b|bien\b|trop\b|aussi\b)[\p{L}\p{M}'-]+){0,2})`;
const RELATIONS: Readonly<Record<string, string>> = {
  femme: 'wife',
  épouse: 'wife',
  mari: 'husband',
  époux: 'husband',
  compagne: 'partner',
  compagnon: 'partner',
  conjoint: 'partner',
  copain: 'boyfriend',
  copine: 'girlfriend',
  fille: 'daughter',
  fils: 'son',
  mère: 'mother',
  maman: 'mother',
  père: 'father',
  papa: 'father',
  frère: 'brother',
  sœur: 'sister',
  soeur: 'sister',
  tante: 'aunt',
  oncle: 'uncle',
  cousin: 'cousin',
  cousine: 'cousin',
  nièce: 'niece',
  neveu: 'nephew',
  'grand-mère': 'grandmother',
  'grand-père': 'grandfather',
  ami: 'friend',
  amie: 'friend',
  collègue: 'colleague',
  voisin: 'neighbour',
  voisine: 'neighbour',
  patron: 'manager',
  patronne: 'manager',
  chef: 'manager',
  colocataire: 'flatmate',
  coloc: 'flatmate',
  propriétaire: 'landlord',
  'belle-mère': 'mother_in_law',
  'beau-père': 'father_in_law',
  'belle-sœur': 'sister_in_law',
  'beau-frère': 'brother_in_law',
};
const PETS =
  "chien|chienne|chat|chatte|lapin|hamster|perroquet|cheval|poney|tortue|chèvre|poule|cochon d'inde|chaton|chiot|furet";
const say = (pattern: string) => new RegExp(pattern, 'giu');
const sayExactly = (pattern: string) => new RegExp(pattern, 'gu');

const book: Phrasebook = {
  spoken: /\b(?:je|j'|mon|ma|mes|nous|m'appelle)(?=[\s\p{L}])/iu,
  unmeant:
    /\b(?:si (?:je|j'|on|nous)|serais|aurais|voudrais|aimerais|peut-être|avant|autrefois|étais|avais|habitais|travaillais|imagine|supposons)\b/iu,
  and: /, | et | ou /,
  sayings: [
    {
      pattern: sayExactly(`(?:[Jj]e m'appelle|[Mm]on (?:pré)?nom est|[Mm]oi c'est) ${NAME}`),
      predicate: 'name',
      confidence: 0.94,
    },
    {
      pattern: sayExactly(
        `(?:[Jj]'habite|[Jj]e vis|[Nn]ous habitons|[Oo]n habite|[Nn]ous vivons|et vis|et habite)(?: maintenant| actuellement| désormais| toujours)?(?: à| en| au| aux| dans le| dans la| près de)? ${NAME}`,
      ),
      predicate: 'lives_in',
      confidence: 0.92,
    },
    {
      pattern: sayExactly(`[Jj]e n'habite (?:pas|plus)(?: à| en| au)? ${NAME}`),
      predicate: 'lives_in',
      negated: true,
      confidence: 0.9,
    },
    {
      pattern: sayExactly(`(?:[Jj]'ai|[Oo]n a|[Nn]ous avons) (?:déménagé|emménagé) (?:à|en|au) ${NAME}`),
      predicate: 'lives_in',
    },
    {
      pattern: sayExactly(`[Jj]e (?:viens|suis originaire) (?:de |d'|du )${NAME}`),
      predicate: 'from',
      confidence: 0.88,
    },
    {
      pattern: sayExactly(`[Jj]'ai grandi (?:à|en|au|dans) ${NAME}`),
      predicate: 'grew_up_in',
      confidence: 0.92,
    },
    { pattern: say(`j'ai (?<object>\\d{1,3}) ans\\b`), predicate: 'age', confidence: 0.92 },
    { pattern: say(`je travaille comme ${THING}`), predicate: 'occupation', confidence: 0.92 },
    { pattern: sayExactly(`[Jj]e travaille (?:chez|pour) ${NAME}`), predicate: 'works_at', confidence: 0.92 },
    {
      pattern: say(
        `je suis (?:une? )?(?<object>(?:prof(?:esseure?)?|instit|infirmi(?:er|ère)|médecin|avocate?|comptable|architecte|cuisini(?:er|ère)|chef|pilote|juge|secrétaire|bibliothécaire|vétérinaire|pharmacien(?:ne)?|électricien(?:ne)?|musicien(?:ne)?|mécanicien(?:ne)?|technicien(?:ne)?|étudiante?|retraitée?|kiné|sage-femme|photographe|graphiste|journaliste|dentiste|fleuriste|ingénieure?|serveu(?:r|se)|vendeu(?:r|se)|traduct(?:eur|rice)|dévelop[p]?eu(?:r|se)|chauffeur|coiffeu(?:r|se)|agricult(?:eur|rice)|[\\p{L}]+(?:logue|iste|graphe|eur|euse|atrice|ière))(?: (?:de|en|d'|à|au) ?[\\p{L}-]+(?: (?:au|à|de|dans) [\\p{L}-]+)?)?)(?=$|[ ,.!])`,
      ),
      predicate: 'occupation',
      except:
        /^(?:égoïste|triste|optimiste|pessimiste|meilleure?|seule?|raciste|féministe|fière|première?|entière|dernière|régulière|heureuse|amateur|mineure?|majeure?|supérieure?)/iu,
      confidence: 0.82,
    },
    {
      pattern: say(
        `j(?:'adore|'aime(?: beaucoup| bien)?|e suis fan) (?!pas\\b|que\\b|quand\\b|bien (?:que|quand)\\b|te\\b|ton\\b|ta\\b|ça\\b|cette?\\b|ce\\b)${THING}`,
      ),
      predicate: 'likes',
      confidence: 0.87,
    },
    {
      pattern: say(`je (?:déteste|hais|ne supporte pas) (?!que\\b|quand\\b|ça\\b|cette?\\b|ce\\b)${THING}`),
      predicate: 'likes',
      negated: true,
      confidence: 0.9,
    },
    {
      pattern: say(
        `je n'aime (?:pas|plus)(?: du tout| trop| beaucoup)? (?!que\\b|quand\\b|ça\\b|cette?\\b|ce\\b)${THING}`,
      ),
      predicate: 'likes',
      negated: true,
      confidence: 0.9,
    },
    {
      pattern: say(
        `je suis (?<not>pas )?allergique (?:aux |au |à la |à l'|à )(?<object>[\\p{L}\\p{M}'-]+(?: (?:de|d') ?[\\p{L}'-]+)?(?:(?:, | et )(?:aux |au |à la |à l')[\\p{L}\\p{M}'-]+){0,3})`,
      ),
      predicate: 'allergic_to',
      confidence: 0.95,
    },
    {
      pattern: say(`je suis intolérante? (?:au |à la |à l'|aux )(?<object>[\\p{L}'-]+)`),
      predicate: 'intolerant_to',
      confidence: 0.94,
    },
    {
      pattern: say(
        `j'ai (?:très |souvent |toujours |encore )?mal (?:au |à la |aux |à l')(?<object>[\\p{L}'-]+)`,
      ),
      predicate: 'has_condition',
      confidence: 0.82,
    },
    {
      pattern: say(
        `je suis (?:maintenant )?(?<not>(?:pas|plus) )?(?<object>végétarien(?:ne)?|végane?|vegan|pescétarien(?:ne)?)(?=$|[ ,.!])`,
      ),
      predicate: 'diet',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(
        `\\b(?:[Mm]on|[Mm]a) (?:\\p{Ll}+ )?(?:${Object.keys(RELATIONS).join('|')})(?: s'appelle|,)? ${NAME}`,
      ),
      predicate: 'relation',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(`\\b(?:[Mm]on|[Mm]a|[Nn]otre) (?:${PETS})(?: s'appelle|,)? ${NAME}`),
      predicate: 'has_pet',
      confidence: 0.9,
      over: /^ (?:est|a été|a dû être)(?: \p{L}+){0,2}? (?:morte?|décédée?|euthanasiée?)(?!\p{L})/u,
    },
    {
      pattern: say(
        `(?:j'ai|nous avons|on a) (?:une?|deux|trois|quatre) (?<object>(?:petite? |vieux |vieille )?(?:${PETS})s?(?: (?:nommée?|qui s'appelle) [\\p{L}]+)?)(?=$|[ ,.!])`,
      ),
      predicate: 'has_pet',
      confidence: 0.9,
    },
    {
      pattern: say(
        `(?:je n'ai|on n'a|nous n'avons) (?:pas|plus) (?:de |d')(?<object>voiture|permis|vélo|enfants?|chien|chat|télé(?:vision)?|jardin|animaux|four|frères?|sœurs?|ordinateur|téléphone)`,
      ),
      predicate: 'owns',
      negated: true,
      confidence: 0.9,
    },
    {
      pattern: say(
        `je parle (?:couramment |un peu |bien )*(?:le |l')?(?<object>[\\p{L}]{4,}(?:ais|ois|ien|and|ol|abe|usse|ec|co|urc|ois|ain)(?:(?:, | et )(?:un peu )?(?:le |l')?[\\p{L}]{4,}){0,4})`,
      ),
      predicate: 'speaks',
      isList: true,
      confidence: 0.9,
    },
    {
      pattern: say(`je joue (?:du |de la |de l'|au |aux |à la )(?<object>[\\p{L}\\p{M}'-]+)`),
      predicate: 'plays',
      confidence: 0.88,
    },
    { pattern: say(`je ne (?<not>fume (?:pas|plus))(?<object>)`), predicate: 'smokes', negated: true },
  ],
};

export const french: Family = {
  name: 'french',
  sentence: (sentence, setting) => relationsNamed(sayingsIn(sentence, book, setting), sentence, RELATIONS),
};
