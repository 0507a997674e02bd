import type { Family } from './family.ts';
import { type Phrasebook, sayingsIn, TITLES } from './phrasebook.ts';

const NAME = String.raw`(?<object>${TITLES}\p{Lu}[\p{L}\p{M}'-]+(?: \p{Lu}[\p{L}\p{M}'-]+)?)`;
const NOUNS = String.raw`(?<object>(?:(?:der|die|das|den|dem|ein|eine|einen|meine?n?) )?(?:\p{Ll}[\p{L}-]+ ){0,2}?\p{Lu}[\p{L}\p{M}'-]+(?:(?:, | und | oder )(?:\p{Ll}[\p{L}-]+ )?\p{Lu}[\p{L}\p{M}'-]+){0,4})`;
const END = String.raw`(?=$|[^\p{L}\p{M}-])`;
const RELATIONS: Readonly<Record<string, string>> = {
  frau: 'wife',
  ehefrau: 'wife',
  mann: 'husband',
  ehemann: 'husband',
  partner: 'partner',
  partnerin: 'partner',
  freund: 'friend',
  freundin: 'friend',
  tochter: 'daughter',
  sohn: 'son',
  mutter: 'mother',
  mama: 'mother',
  vater: 'father',
  papa: 'father',
  bruder: 'brother',
  schwester: 'sister',
  oma: 'grandmother',
  opa: 'grandfather',
  tante: 'aunt',
  onkel: 'uncle',
  cousin: 'cousin',
  cousine: 'cousin',
  nichte: 'niece',
  neffe: 'nephew',
  chef: 'manager',
  chefin: 'manager',
  kollege: 'colleague',
  kollegin: 'colleague',
  nachbar: 'neighbour',
  nachbarin: 'neighbour',
  vermieter: 'landlord',
  vermieterin: 'landlord',
  mitbewohner: 'flatmate',
  mitbewohnerin: 'flatmate',
  schwiegermutter: 'mother_in_law',
  schwiegervater: 'father_in_law',
};
const PETS =
  'Hund|Hündin|Katze|Kater|Kaninchen|Hase|Hamster|Meerschweinchen|Papagei|Wellensittich|Pferd|Pony|Schildkröte|Ziege|Dackel|Pudel|Schäferhund|Labrador|Welpe|Kätzchen';
const say = (pattern: string) => new RegExp(pattern, 'giu');
/** Where German tells a noun by its capital, case counts. */
const sayExactly = (pattern: string) => new RegExp(pattern, 'gu');

const book: Phrasebook = {
  spoken: /\b(?:ich|mein(?:e[nmrs]?)?|wir|heiße)\b/i,
  unmeant:
    /\b(?:wenn|falls|würde|würden|hätte|hätten|wäre|wären|könnte|möchte|vielleicht|früher|damals|angenommen|ob|als ob|war|wohnte|lebte|hatte|arbeitete)\b/i,
  and: /, | und | oder /,
  sayings: [
    {
      pattern: sayExactly(
        `(?:[Ii]ch heiße|[Mm]ein Name ist|[Ii]ch bin (?:der|die)(?= \\p{Lu}\\p{Ll}+(?:$|[,.!]| und )))(?: jetzt)? ${NAME}`,
      ),
      predicate: 'name',
      confidence: 0.93,
    },
    {
      pattern: sayExactly(
        `(?:[Ii]ch |[Uu]nd |[Ww]ir |, )?(?:[Ww]ohne|[Ll]ebe|wohnen|leben)n?(?: ich| wir)?(?: jetzt| derzeit| aktuell| seit [\\p{L}\\d ]{2,20}?| noch| gerade| inzwischen| mittlerweile| schon)*(?<not> nicht(?: mehr)?)? in (?:der )?${NAME}`,
      ),
      predicate: 'lives_in',
      confidence: 0.92,
    },
    {
      pattern: sayExactly(`(?:[Ii]ch bin|[Ww]ir sind)(?: \\p{Ll}+){0,4} nach ${NAME} (?:um)?gezogen`),
      predicate: 'lives_in',
    },
    {
      pattern: sayExactly(`[Ii]ch komme (?:ursprünglich |eigentlich )?aus ${NAME}`),
      predicate: 'from',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(`(?:[Ii]ch bin|und bin) in ${NAME} (?:aufgewachsen|groß geworden)`),
      predicate: 'grew_up_in',
      confidence: 0.92,
    },
    {
      pattern: sayExactly(
        `(?:[Aa]rbeite|[Aa]rbeiten|[Jj]obbe)(?: ich)?(?: jetzt| derzeit| zurzeit)?(?<not> nicht(?: mehr)?)? als ${NAME}`,
      ),
      predicate: 'occupation',
      confidence: 0.93,
    },
    {
      pattern: sayExactly(
        `(?:[Aa]rbeite)(?: ich)?(?: jetzt| derzeit| zurzeit)?(?<not> nicht(?: mehr)?)? (?:bei|für) (?:der |dem |einer |einem )?${NAME}`,
      ),
      predicate: 'works_at',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(
        `[Ii]ch bin (?:von Beruf )?(?<object>\\p{Lu}[\\p{L}-]*(?:er|erin|eur|eurin|ist|istin|ant|antin|ent|entin|or|orin|loge|login|wirt|wirtin|frau|mann|kraft|koch|köchin|arzt|ärztin|pfleger|pflegerin))${END}`,
      ),
      predicate: 'occupation',
      except:
        /^(?:Vegetarier|Veganer|Single|Raucher|Nichtraucher|Mutter|Vater|Berliner|\p{Lu}\p{L}*(?:länder|deutscher))/u,
      confidence: 0.8,
    },
    {
      pattern: say(`ich bin (?:jetzt |schon |gerade )?(?<object>\\d{1,3})(?: jahre alt)?(?=$|[,.!]| und )`),
      predicate: 'age',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(
        `(?:[Ii]ch bin|bin)(?: \\p{Ll}+){0,2}?(?<not> nicht)?(?: \\p{Ll}+)? allergisch (?:gegen|auf) ${NOUNS}`,
      ),
      predicate: 'allergic_to',
      isList: true,
      confidence: 0.95,
    },
    {
      pattern: sayExactly(
        `[Ii]ch (?:habe|hab) (?:eine )?(?:starke )?(?<object>\\p{Lu}[\\p{L}-]+?)(?:-?[Aa]llergie)${END}`,
      ),
      predicate: 'allergic_to',
      confidence: 0.93,
    },
    {
      pattern: sayExactly(`[Ii]ch vertrage keine? ${NOUNS}`),
      predicate: 'intolerant_to',
      negated: false,
      confidence: 0.85,
    },
    {
      pattern: say(
        `ich bin (?:jetzt |inzwischen )?(?<not>(?:nicht|keine?) (?:mehr )?)?(?<object>vegan|vegetarisch|vegetarier|vegetarierin|veganer|veganerin|pescetarier|pescetarierin)${END}`,
      ),
      predicate: 'diet',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(
        `[Ii]ch (?:liebe|mag)(?: \\p{Ll}+(?:lich|er|t))? (?!keine?[nmr]? )(?:sehr )?${NOUNS}(?! nicht)(?: (?:sehr )?gern)?`,
      ),
      predicate: 'likes',
      isList: true,
      confidence: 0.85,
      except: /^(?:Dich|Sie|Ihnen)$/,
    },
    {
      pattern: sayExactly(`[Ii]ch (?:hasse|verabscheue) ${NOUNS}`),
      predicate: 'likes',
      negated: true,
      isList: true,
      confidence: 0.9,
    },
    {
      pattern: sayExactly(`[Ii]ch mag (?:überhaupt |gar )?keine?[nmr]? ${NOUNS}`),
      predicate: 'likes',
      negated: true,
      isList: true,
      confidence: 0.9,
    },
    {
      pattern: sayExactly(`[Ii]ch mag ${NOUNS} (?:überhaupt |gar )?nicht${END}`),
      predicate: 'likes',
      negated: true,
      isList: true,
      confidence: 0.9,
    },
    {
      pattern: sayExactly(`[Mm]ein(?:e)? Lieblings\\p{L}+ (?:ist|sind) (?:die |der |das )?${NAME}`),
      predicate: 'likes',
      confidence: 0.85,
    },
    {
      pattern: sayExactly(
        `[Mm]ein(?:e[nmr]?)? (?:\\p{Ll}+ )?(?<rel>${Object.keys(RELATIONS)
          .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
          .join('|')})(?: heißt|,| ist)? ${NAME}`,
      ),
      predicate: 'relation',
      confidence: 0.9,
      except: /^(?:Und|Aber|Ich|Wir|Sie|Er)$/,
    },
    {
      pattern: sayExactly(`[Mm]ein(?:e[nmr]?)? (?:${PETS})(?: heißt|,)? ${NAME}`),
      predicate: 'has_pet',
      confidence: 0.9,
      over: /^ (?:starb|(?:ist|wurde|musste)(?: \p{L}+){0,4}? (?:gestorben|tot|eingeschläfert|verstorben))(?!\p{L})/u,
    },
    {
      pattern: sayExactly(
        `(?:[Ii]ch|[Ww]ir) (?:habe|hab|haben) (?:\\p{Ll}+ )?(?:einen?|zwei|drei|vier) (?<object>(?:\\p{Ll}+ )?(?:${PETS})[en]{0,2}(?: namens \\p{Lu}\\p{L}+)?)${END}`,
      ),
      predicate: 'has_pet',
      confidence: 0.9,
    },
    {
      pattern: sayExactly(
        `(?:[Ii]ch|[Ww]ir) (?:habe|hab|haben|besitze)(?: \\p{Ll}+)? keine?n? (?<object>(?:Auto|Führerschein|Fahrrad|Haustiere?|Hund|Katze|Fernseher|Garten|Balkon|Kinder|Geschwister|Smartphone|Handy|Computer|Drucker|Ofen|Mikrowelle|Motorrad|\\p{Lu}[\\p{L}]*(?:maschine|gerät|wagen|rad|haus)))${END}`,
      ),
      predicate: 'owns',
      negated: true,
      confidence: 0.9,
    },
    {
      pattern: sayExactly(
        `[Ii]ch fahre (?:jetzt |gerade )?(?:einen?|meinen?) (?<object>(?:\\p{Ll}+ )?\\p{Lu}[\\p{L}\\d-]+(?: [\\p{Lu}\\d][\\p{L}\\d-]*){0,2})`,
      ),
      predicate: 'drives',
      except: /^(?:Umweg|Weg|Tag)/,
    },
    {
      pattern: sayExactly(
        `[Ii]ch spreche (?:fließend |gut |etwas |ein bisschen |ein wenig |nur )*(?<object>\\p{Lu}\\p{L}+isch(?:(?:, | und )(?:\\p{Ll}+ ){0,2}\\p{Lu}\\p{L}+){0,4}|Deutsch(?:(?:, | und )\\p{Lu}\\p{L}+){0,4})`,
      ),
      predicate: 'speaks',
      isList: true,
      confidence: 0.92,
    },
    {
      pattern: sayExactly(`[Ii]ch spiele (?:seit [\\p{L}\\d ]{2,20} )?(?:gern |gerne )?${NOUNS}`),
      predicate: 'plays',
      isList: true,
      confidence: 0.82,
      except: /^(?:keine?|eine Rolle)/,
    },
    {
      pattern: sayExactly(
        `[Ii]ch studiere (?:gerade |derzeit )?(?<object>\\p{Lu}[\\p{L}-]+(?: (?:an|in) (?:der )?\\p{Lu}[\\p{L}-]+(?: \\p{Lu}[\\p{L}-]+)?)?)`,
      ),
      predicate: 'studies',
      confidence: 0.88,
    },
    { pattern: say(`ich (?<not>rauche (?:\\p{L}+ )?nicht)(?<object>)`), predicate: 'smokes', negated: true },
  ],
};

export const german: Family = {
  name: 'german',
  sentence: (sentence, setting) =>
    sayingsIn(sentence, book, setting).flatMap((finding) => {
      if (finding.predicate !== 'relation') return [finding];
      const word =
        /[Mm]eine?[nmr]? (?:\p{Ll}+ )?(\p{Lu}\p{L}+)/u
          .exec(sentence.text.slice(finding.start, finding.end))?.[1]
          ?.toLowerCase() ?? '';
      const predicate = RELATIONS[word];
      return predicate ? [{ ...finding, predicate }] : [];
    }),
};
